import { useDisclosure } from '@mantine/hooks'
import type { ReactElement } from 'react'
import { useAction } from '../../app/calls.ts'
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx'
import { GatedButton, useObstacle } from '../../parts/gated-button.tsx'
import { useNotices } from '../../parts/notices.tsx'
import { useTexts } from '../../texts/index.ts'
import type { AccountKey } from './account.ts'

/** Takes an account from a person, after asking. */
export function UnlinkButton({
  person,
  accountName,
  tenant,
  kind,
  id,
}: AccountKey & {
  readonly person: { readonly id: string; readonly name: string }
  readonly accountName: string
}): ReactElement {
  const { account: texts, person: personTexts } = useTexts()
  const { done } = useNotices()
  const obstacle = useObstacle('admin')
  const [isAsking, { open, close }] = useDisclosure()
  const unlink = useAction('people.unlink', { touches: ['accounts'] })
  return (
    <>
      <GatedButton
        size="xs"
        variant="default"
        obstacle={obstacle}
        aria-label={personTexts.unlinkNamed(accountName)}
        onClick={open}
      >
        {texts.unlink}
      </GatedButton>
      <ConfirmDialog
        isOpen={isAsking}
        title={texts.unlinkTitle(accountName, person.name)}
        action={texts.unlink}
        error={unlink.error}
        isPending={unlink.isPending}
        onClose={() => {
          unlink.reset()
          close()
        }}
        onConfirm={() =>
          unlink.mutate(
            { person: person.id, tenant, kind, id },
            {
              onSuccess: () => {
                done(texts.unlinked)
                close()
              },
            },
          )
        }
      >
        {texts.unlinkHint}
      </ConfirmDialog>
    </>
  )
}
