import { Text } from '@mantine/core'
import type { ReactElement } from 'react'
import { useAction } from '../../app/calls.ts'
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx'
import { useNotices } from '../../parts/notices.tsx'
import { useTexts } from '../../texts/index.ts'

/** Ends a grant, after its name was typed. */
export function RevokeDialog({
  address,
  isOpen,
  onClose,
}: {
  readonly address: string
  readonly isOpen: boolean
  readonly onClose: () => void
}): ReactElement {
  const { connection: texts } = useTexts()
  const { done } = useNotices()
  const revoke = useAction('connections.revoke', { touches: ['grants'] })
  return (
    <ConfirmDialog
      isOpen={isOpen}
      title={texts.revokeTitle(address)}
      action={texts.revoke}
      word={address}
      error={revoke.error}
      isPending={revoke.isPending}
      onClose={() => {
        revoke.reset()
        onClose()
      }}
      onConfirm={() =>
        revoke.mutate(
          { address },
          {
            onSuccess: () => {
              done(texts.revoked(address))
              onClose()
            },
          },
        )
      }
    >
      <Text size="sm" mb="xs">
        {texts.revokeHint}
      </Text>
      <Text size="sm" c="dimmed">
        {texts.revokeLimit}
      </Text>
    </ConfirmDialog>
  )
}
