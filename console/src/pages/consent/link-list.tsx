import { Text, Title } from '@mantine/core'
import { IconLink } from '@tabler/icons-react'
import { useState, type ReactElement } from 'react'
import { useAction, useList } from '../../app/calls.ts'
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx'
import { DataTable } from '../../parts/data-table.tsx'
import { Deadline } from '../../parts/deadline.tsx'
import { Empty } from '../../parts/empty.tsx'
import { GatedButton, useObstacle } from '../../parts/gated-button.tsx'
import { useNotices } from '../../parts/notices.tsx'
import { useTexts } from '../../texts/index.ts'
import { isTenantOf, type Connection } from '../connections/connection.ts'
import type { ConsentLink } from './consents.ts'
import { LinkProgress } from './link-progress.tsx'

const ended: readonly ConsentLink['state'][] = ['active', 'expired', 'revoked']

/** The links of a connection, each with how far it has come. */
export function LinkList({ connection }: { readonly connection: Connection }): ReactElement {
  const { consent: texts } = useTexts()
  const { done } = useNotices()
  const obstacle = useObstacle('operator')
  const [base = ''] = connection.name.split('@')
  const list = useList('links.list', { connection: base, limit: 50 }, { everyMs: 4_000 })
  const [leaving, setLeaving] = useState<ConsentLink>()
  const revoke = useAction('links.revoke', { touches: ['consents'] })
  const close = (): void => {
    revoke.reset()
    setLeaving(undefined)
  }
  return (
    <div>
      <Title order={2} size="sm" mb="sm">
        {texts.links}
      </Title>
      <DataTable
        label={texts.links}
        list={list}
        rows={list.items.filter((one) =>
          isTenantOf(connection.name, connection.tenant, one.tenant),
        )}
        keyOf={({ id }) => id}
        columns={[
          {
            key: 'recipient',
            title: texts.linkColumns.recipient,
            isName: true,
            cell: (one) => (
              <>
                {one.recipient}
                <Text size="xs" c="dimmed" fw={400}>
                  {texts.linkBy(one.created_by)}
                </Text>
                {one.note !== null && (
                  <Text size="xs" c="dimmed" fw={400}>
                    {one.note}
                  </Text>
                )}
              </>
            ),
          },
          {
            key: 'progress',
            title: texts.linkColumns.progress,
            cell: (one) => <LinkProgress link={one} />,
          },
          {
            key: 'ends',
            title: texts.linkColumns.ends,
            cell: (one) => (ended.includes(one.state) ? null : <Deadline at={one.expires_at} />),
          },
          {
            key: 'actions',
            title: texts.linkColumns.actions,
            cell: (one) =>
              ended.includes(one.state) ? null : (
                <GatedButton
                  size="xs"
                  variant="default"
                  obstacle={obstacle}
                  onClick={() => setLeaving(one)}
                >
                  {texts.revokeLink}
                </GatedButton>
              ),
          },
        ]}
        empty={<Empty icon={IconLink} title={texts.noLinks} hint={texts.noLinksHint} />}
      />
      <ConfirmDialog
        isOpen={leaving !== undefined}
        title={texts.revokeLinkTitle(leaving?.recipient ?? '')}
        action={texts.revokeLink}
        error={revoke.error}
        isPending={revoke.isPending}
        onClose={close}
        onConfirm={() => {
          if (leaving === undefined) return
          revoke.mutate(
            { link: leaving.id },
            {
              onSuccess: () => {
                done(texts.linkRevoked)
                close()
              },
            },
          )
        }}
      >
        {texts.revokeLinkHint}
      </ConfirmDialog>
    </div>
  )
}
