import { Stack, Text, Title } from '@mantine/core'
import { IconUserCircle } from '@tabler/icons-react'
import type { ReactElement } from 'react'
import type { Operations } from '../../../../src/client/index.ts'
import { useList } from '../../app/calls.ts'
import { DataTable, type Column } from '../../parts/data-table.tsx'
import { Empty } from '../../parts/empty.tsx'
import { Instant } from '../../parts/instant.tsx'
import { useTexts } from '../../texts/index.ts'
import { EndSession } from './end-session.tsx'

type ConsoleSession = Operations['console.list']['result']['items'][number]

/** Who is signed in to the console. */
export function ConsoleSessions(): ReactElement {
  const { sessions: texts, callers } = useTexts()
  const list = useList('console.list', { limit: 100 }, { everyMs: 15_000 })
  const columns: readonly Column<ConsoleSession>[] = [
    {
      key: 'who',
      title: texts.columns.who,
      isName: true,
      cell: ({ name, is_current: isCurrent }) => (
        <>
          {name}
          {isCurrent && (
            <Text size="xs" c="dimmed" fw={400}>
              {texts.current}
            </Text>
          )}
        </>
      ),
    },
    {
      key: 'by',
      title: texts.signedInBy,
      cell: ({ issuer }) => issuer ?? texts.byLink,
    },
    { key: 'role', title: texts.columns.role, cell: ({ role }) => callers.roles[role] },
    { key: 'began', title: texts.columns.began, cell: (one) => <Instant at={one.created_at} /> },
    {
      key: 'idle',
      title: texts.endsUnused,
      cell: (one) => <Instant at={one.idle_expires_at} />,
    },
    { key: 'ends', title: texts.columns.ends, cell: (one) => <Instant at={one.expires_at} /> },
    {
      key: 'actions',
      title: texts.columns.actions,
      cell: ({ id, name, is_current: isCurrent }) =>
        isCurrent ? null : <EndSession operation="console.revoke" id={id} name={name} />,
    },
  ]
  return (
    <Stack component="section" aria-labelledby="console-sessions" gap="md">
      <div>
        <Title order={2} id="console-sessions">
          {texts.console}
        </Title>
        <Text size="sm" c="dimmed">
          {texts.consoleHint}
        </Text>
      </div>
      <DataTable
        label={texts.console}
        list={list}
        columns={columns}
        keyOf={({ id }) => id}
        empty={<Empty icon={IconUserCircle} title={texts.none} hint={texts.consoleHint} />}
      />
    </Stack>
  )
}
