import { Stack, Text, TextInput } from '@mantine/core'
import { useState, type ReactElement } from 'react'
import { useAction } from '../../app/calls.ts'
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx'
import { useNotices } from '../../parts/notices.tsx'
import { useTexts } from '../../texts/index.ts'

/** Pauses a connection, with a reason for whoever wonders. */
export function PauseDialog({
  name,
  isOpen,
  onClose,
}: {
  readonly name: string
  readonly isOpen: boolean
  readonly onClose: () => void
}): ReactElement {
  const { connection: texts } = useTexts()
  const { done } = useNotices()
  const [reason, setReason] = useState('')
  const pause = useAction('connections.pause', { touches: ['grants'] })
  const close = (): void => {
    pause.reset()
    setReason('')
    onClose()
  }
  return (
    <ConfirmDialog
      isOpen={isOpen}
      title={texts.pauseTitle(name)}
      action={texts.pause}
      error={pause.error}
      isPending={pause.isPending}
      onClose={close}
      onConfirm={() =>
        pause.mutate(
          { name, ...(reason.trim() === '' ? {} : { reason: reason.trim() }) },
          {
            onSuccess: () => {
              done(texts.pausedNow(name))
              close()
            },
          },
        )
      }
    >
      <Stack gap="sm">
        <Text size="sm">{texts.pauseHint}</Text>
        <TextInput
          data-autofocus
          label={texts.reason}
          maxLength={200}
          value={reason}
          onChange={({ currentTarget: { value } }) => setReason(value)}
        />
      </Stack>
    </ConfirmDialog>
  )
}
