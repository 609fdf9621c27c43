import { Text } from '@mantine/core'
import type { Operations } from '../../../../src/client/index.ts'
import type { Column } from '../../parts/data-table.tsx'
import { Instant } from '../../parts/instant.tsx'
import { PageLink } from '../../parts/link.tsx'
import { useTexts } from '../../texts/index.ts'
import { EndSession } from './end-session.tsx'
import { Permits } from './permits.tsx'

type Session = Operations['sessions.list']['result']['items'][number]

/** What is shown of a session. */
export function useSessionColumns(): readonly Column<Session>[] {
  const { sessions: texts, callers } = useTexts()
  return [
    {
      key: 'who',
      title: texts.columns.who,
      isName: true,
      cell: ({ user_name: name, account }) =>
        account === null ? (
          (name ?? texts.nobody)
        ) : (
          <>
            <PageLink
              to="/directory/$tenant/$kind/$id"
              params={{ tenant: account.tenant_id, kind: account.kind, id: account.id }}
              fw={600}
            >
              {name ?? account.id}
            </PageLink>
            <Text size="xs" c="dimmed" fw={400} ff="monospace" className="break-anywhere">
              {account.id}
            </Text>
          </>
        ),
    },
    { key: 'issuer', title: texts.columns.issuer, cell: ({ issuer }) => issuer },
    {
      key: 'role',
      title: texts.columns.role,
      cell: ({ role }) => (role === null ? callers.noRole : callers.roles[role]),
    },
    {
      key: 'permits',
      title: texts.columns.permits,
      cell: ({ connections }) => <Permits connections={connections} />,
    },
    { key: 'began', title: texts.columns.began, cell: (one) => <Instant at={one.created_at} /> },
    { key: 'ends', title: texts.columns.ends, cell: (one) => <Instant at={one.expires_at} /> },
    {
      key: 'actions',
      title: texts.columns.actions,
      cell: ({ id, user_name: name }) => (
        <EndSession operation="sessions.revoke" id={id} name={name ?? texts.nobody} />
      ),
    },
  ]
}
