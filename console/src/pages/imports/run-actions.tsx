import { useDisclosure } from '@mantine/hooks'
import { IconPlayerPlay, IconPlayerStop } from '@tabler/icons-react'
import type { ReactElement } from 'react'
import { useAction } from '../../app/calls.ts'
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx'
import { GatedButton, useObstacle } from '../../parts/gated-button.tsx'
import { useNotices } from '../../parts/notices.tsx'
import { useTexts } from '../../texts/index.ts'
import { isLive, type Run } from './run.ts'

/** What can be done with a run: cancel one that lives, resume one that was interrupted. */
export function RunActions({ run }: { readonly run: Run }): ReactElement {
  const { run: texts } = useTexts()
  const { done, failed } = useNotices()
  const obstacle = useObstacle('operator')
  const [isAsking, { open, close }] = useDisclosure()
  const cancel = useAction('imports.cancel')
  const resume = useAction('imports.resume')
  const { id, name, state } = run
  return (
    <>
      {state === 'interrupted' && (
        <GatedButton
          obstacle={obstacle}
          leftSection={<IconPlayerPlay size={16} aria-hidden />}
          loading={resume.isPending}
          onClick={() =>
            resume.mutate({ id }, { onSuccess: () => done(texts.resumed), onError: failed })
          }
        >
          {texts.resume}
        </GatedButton>
      )}
      {(isLive(run) || state === 'interrupted') && (
        <GatedButton
          obstacle={obstacle}
          variant="default"
          leftSection={<IconPlayerStop size={16} aria-hidden />}
          onClick={open}
        >
          {texts.cancel}
        </GatedButton>
      )}
      <ConfirmDialog
        isOpen={isAsking}
        title={texts.cancelTitle(name)}
        action={texts.cancel}
        error={cancel.error}
        isPending={cancel.isPending}
        onClose={() => {
          cancel.reset()
          close()
        }}
        onConfirm={() =>
          cancel.mutate(
            { id },
            {
              onSuccess: ({ became }) => {
                done(became === 'asked' ? texts.cancelAsked : texts.cancelled)
                close()
              },
            },
          )
        }
      >
        {texts.cancelHint}
      </ConfirmDialog>
    </>
  )
}
