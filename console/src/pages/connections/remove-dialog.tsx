import { useNavigate } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useAction } from '../../app/calls.ts'
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx'
import { useNotices } from '../../parts/notices.tsx'
import { useTexts } from '../../texts/index.ts'

/** Removes a connection of the store, after its name was typed. */
export function RemoveDialog({
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
  const navigate = useNavigate()
  const remove = useAction('connections.remove', { touches: ['grants'] })
  return (
    <ConfirmDialog
      isOpen={isOpen}
      title={texts.removeTitle(name)}
      action={texts.remove}
      word={name}
      error={remove.error}
      isPending={remove.isPending}
      onClose={() => {
        remove.reset()
        onClose()
      }}
      onConfirm={() =>
        remove.mutate(
          { name },
          {
            onSuccess: () => {
              done(texts.removed(name))
              void navigate({ to: '/connections' })
            },
          },
        )
      }
    >
      {texts.removeHint}
    </ConfirmDialog>
  )
}
