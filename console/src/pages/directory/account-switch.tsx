import { Textarea } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconUserCheck, IconUserOff } from '@tabler/icons-react'
import { useState, type ReactElement } from 'react'
import { useAction } from '../../app/calls.ts'
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx'
import { GatedButton, useObstacle } from '../../parts/gated-button.tsx'
import { useNotices } from '../../parts/notices.tsx'
import { useTexts } from '../../texts/index.ts'
import { keyOf, type Account } from './account.ts'

/** Disables an account here, with a reason, or enables it again. */
export function AccountSwitch({ account }: { readonly account: Account }): ReactElement {
  const { account: texts } = useTexts()
  const { done, failed } = useNotices()
  const obstacle = useObstacle('operator')
  const [isAsking, { open, close }] = useDisclosure()
  const [reason, setReason] = useState('')
  const disable = useAction('accounts.disable', { touches: ['sessions'] })
  const enable = useAction('accounts.enable')
  const key = keyOf(account)
  if (account.disabled !== null) {
    return (
      <GatedButton
        obstacle={obstacle}
        leftSection={<IconUserCheck size={16} aria-hidden />}
        loading={enable.isPending}
        onClick={() =>
          enable.mutate(key, { onSuccess: () => done(texts.enabled), onError: failed })
        }
      >
        {texts.enable}
      </GatedButton>
    )
  }
  return (
    <>
      <GatedButton
        obstacle={obstacle}
        variant="default"
        leftSection={<IconUserOff size={16} aria-hidden />}
        onClick={open}
      >
        {texts.disable}
      </GatedButton>
      <ConfirmDialog
        isOpen={isAsking}
        title={texts.disableTitle(account.name)}
        action={texts.disable}
        error={disable.error}
        isPending={disable.isPending}
        onClose={() => {
          disable.reset()
          close()
        }}
        onConfirm={() =>
          disable.mutate(
            { ...key, ...(reason.trim() === '' ? {} : { reason: reason.trim() }) },
            {
              onSuccess: ({ sessions_ended: sessions }) => {
                done(texts.disabled(sessions))
                setReason('')
                close()
              },
            },
          )
        }
      >
        {texts.disableHint}
        <Textarea
          data-autofocus
          mt="md"
          label={texts.reasonLabel}
          value={reason}
          onChange={({ currentTarget }) => setReason(currentTarget.value)}
          maxLength={500}
          autosize
          minRows={2}
        />
      </ConfirmDialog>
    </>
  )
}
