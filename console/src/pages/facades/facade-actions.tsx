import { useState, type ReactElement } from 'react'
import { useAction } from '../../app/calls.ts'
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx'
import { GatedButton, useObstacle } from '../../parts/gated-button.tsx'
import { useNotices } from '../../parts/notices.tsx'
import { SecretOnce, type OnceTold } from '../../parts/secret-once.tsx'
import { useTexts } from '../../texts/index.ts'
import type { FacadeClient } from './facade.ts'

/** Approve a client without secret, replace a secret, revoke. */
export function FacadeActions({ client }: { readonly client: FacadeClient }): ReactElement | null {
  const { facade: texts, facades } = useTexts()
  const { done, failed } = useNotices()
  const obstacle = useObstacle('admin')
  const [asking, setAsking] = useState<'rotate' | 'revoke'>()
  const [told, setTold] = useState<OnceTold>()
  const approve = useAction('facades.approve')
  const rotate = useAction('facades.rotateSecret')
  const revoke = useAction('facades.revoke')
  const { name, client_id: id } = client
  const close = (): void => {
    rotate.reset()
    revoke.reset()
    setAsking(undefined)
  }
  if (client.revoked_at !== undefined) return null
  return (
    <>
      {client.public ? (
        <GatedButton
          obstacle={obstacle}
          loading={approve.isPending}
          onClick={() =>
            approve.mutate(
              { client: id },
              { onSuccess: () => done(texts.approvedNow(name)), onError: failed },
            )
          }
        >
          {texts.approve}
        </GatedButton>
      ) : (
        <GatedButton obstacle={obstacle} variant="default" onClick={() => setAsking('rotate')}>
          {texts.rotate}
        </GatedButton>
      )}
      <GatedButton obstacle={obstacle} variant="default" onClick={() => setAsking('revoke')}>
        {texts.revoke}
      </GatedButton>
      <ConfirmDialog
        isOpen={asking === 'rotate'}
        title={texts.rotateTitle(name)}
        action={texts.rotate}
        error={rotate.error}
        isPending={rotate.isPending}
        onClose={close}
        onConfirm={() =>
          rotate.mutate(
            { client: id },
            {
              onSuccess: ({ client_secret: secret }) => {
                close()
                if (secret === null) return
                setTold({ title: facades.secretTitle(name), label: facades.secretLabel, secret })
              },
            },
          )
        }
      >
        {texts.rotateHint}
      </ConfirmDialog>
      <ConfirmDialog
        isOpen={asking === 'revoke'}
        title={texts.revokeTitle(name)}
        action={texts.revoke}
        word={name}
        error={revoke.error}
        isPending={revoke.isPending}
        onClose={close}
        onConfirm={() =>
          revoke.mutate(
            { client: id },
            {
              onSuccess: () => {
                done(texts.revokedNow(name))
                close()
              },
            },
          )
        }
      >
        {texts.revokeHint}
      </ConfirmDialog>
      <SecretOnce told={told} onClose={() => setTold(undefined)} />
    </>
  )
}
