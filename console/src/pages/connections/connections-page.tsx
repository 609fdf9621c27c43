import { Group, NativeSelect, Text, TextInput } from '@mantine/core'
import { IconPlugConnected, IconSearch } from '@tabler/icons-react'
import { useNavigate, useSearch } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useList } from '../../app/calls.ts'
import { withText } from '../../app/with-text.ts'
import { RefreshButton } from './refresh-button.tsx'
import { DataTable, type Column } from '../../parts/data-table.tsx'
import { Empty } from '../../parts/empty.tsx'
import { Instant } from '../../parts/instant.tsx'
import { Page } from '../../parts/page.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { useTexts } from '../../texts/index.ts'
import type { Connection } from './connection.ts'

/** Every connection and how it stands. */
export function ConnectionsPage(): ReactElement {
  const { connections: texts, common } = useTexts()
  const list = useList('connections.list', { limit: 200 }, { everyMs: 15_000 })
  const { search = '', state = '' } = useSearch({ from: '/connections' })
  const navigate = useNavigate({ from: '/connections' })
  const wanted = search.toLowerCase()
  const rows = list.items.filter(
    (one) =>
      (state === '' || one.state === state) &&
      [one.name, one.tenant, one.subject, one.provider].some((text) =>
        text?.toLowerCase().includes(wanted),
      ),
  )
  const states = [...new Set(list.items.map((one) => one.state))].toSorted()
  const columns: readonly Column<Connection>[] = [
    {
      key: 'name',
      title: texts.columns.name,
      isName: true,
      cell: ({ name, provider, defined_in: definedIn }) => (
        <>
          <Text fw={600} component="span">
            {name}
          </Text>
          <Text size="xs" c="dimmed" fw={400}>
            {provider}, {texts.definedIn[definedIn]}
          </Text>
        </>
      ),
    },
    { key: 'state', title: texts.columns.state, cell: (one) => <StateBadge state={one.state} /> },
    {
      key: 'account',
      title: texts.columns.account,
      cell: ({ subject }) => subject ?? common.none,
    },
    {
      key: 'token',
      title: texts.columns.token,
      cell: (one) => <Instant at={one.token_expires_at} />,
    },
    {
      key: 'idle',
      title: texts.columns.idle,
      cell: (one) => <Instant at={one.refresh_token?.idle_expires_at} />,
    },
    {
      key: 'error',
      title: texts.columns.lastError,
      cell: (one) => one.last_failure?.code ?? common.none,
    },
    {
      key: 'actions',
      title: texts.columns.actions,
      cell: (one) => (one.state === 'template' ? null : <RefreshButton address={one.name} />),
    },
  ]
  return (
    <Page title={texts.title}>
      <Group align="flex-end">
        <TextInput
          type="search"
          label={common.search}
          placeholder={texts.search}
          leftSection={<IconSearch size={16} aria-hidden />}
          value={search}
          onChange={({ currentTarget: { value } }) =>
            void navigate({ search: (now) => withText(now, 'search', value), replace: true })
          }
          flex="1 1 16rem"
        />
        <NativeSelect
          label={texts.state}
          value={state}
          onChange={({ currentTarget: { value } }) =>
            void navigate({ search: (now) => withText(now, 'state', value) })
          }
          data={[
            { value: '', label: texts.allStates },
            ...states.map((value) => ({ value, label: common.states[value] ?? value })),
          ]}
        />
      </Group>
      <DataTable
        label={texts.title}
        list={list}
        rows={rows}
        columns={columns}
        keyOf={({ name }) => name}
        empty={
          list.items.length === 0 ? (
            <Empty icon={IconPlugConnected} title={texts.none} hint={texts.noneHint} />
          ) : (
            <Empty icon={IconSearch} title={texts.noneFound} hint={texts.noneFoundHint} />
          )
        }
      />
    </Page>
  )
}
