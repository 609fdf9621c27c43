import { useDisclosure } from '@mantine/hooks'
import type { ReactElement } from 'react'
import { useAction } from '../../app/calls.ts'
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx'
import { GatedButton, useObstacle } from '../../parts/gated-button.tsx'
import { useNotices } from '../../parts/notices.tsx'
import { useTexts } from '../../texts/index.ts'

/** Ends a session, after asking. */
export function EndSession({
  operation,
  id,
  name,
}: {
  readonly operation: 'sessions.revoke' | 'console.revoke'
  readonly id: string
  readonly name: string
}): ReactElement {
  const { sessions: texts } = useTexts()
  const { done } = useNotices()
  const obstacle = useObstacle('admin')
  const [isAsking, { open, close }] = useDisclosure()
  const revoke = useAction(operation)
  return (
    <>
      <GatedButton
        size="xs"
        variant="default"
        obstacle={obstacle}
        aria-label={texts.revokeNamed(name)}
        onClick={open}
      >
        {texts.revoke}
      </GatedButton>
      <ConfirmDialog
        isOpen={isAsking}
        title={texts.revokeTitle(name)}
        action={texts.revoke}
        error={revoke.error}
        isPending={revoke.isPending}
        onClose={() => {
          revoke.reset()
          close()
        }}
        onConfirm={() =>
          revoke.mutate(
            { session: id },
            {
              onSuccess: () => {
                done(texts.revoked)
                close()
              },
            },
          )
        }
      >
        {operation === 'console.revoke' ? texts.revokeConsoleHint : texts.revokeHint}
      </ConfirmDialog>
    </>
  )
}
