import { Text, TextInput } from '@mantine/core'
import { IconPlugConnected, IconPlus, IconSearch } from '@tabler/icons-react'
import { useNavigate, useSearch } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useList } from '../../app/calls.ts'
import { useMay } from '../../app/session.ts'
import { withText } from '../../app/with-text.ts'
import { DataTable, type Column } from '../../parts/data-table.tsx'
import { Deadline } from '../../parts/deadline.tsx'
import { Empty } from '../../parts/empty.tsx'
import { FilterChips } from '../../parts/filter-chips.tsx'
import { ButtonLink, PageLink } from '../../parts/link.tsx'
import { Page } from '../../parts/page.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { useTexts, type Texts } from '../../texts/index.ts'
import {
  firstCredentialEnd,
  isTemplate,
  soonDays,
  byUrgency,
  shownState,
  type Connection,
} from './connection.ts'
import { RefreshButton } from './refresh-button.tsx'
import { TokenCell } from './token-cell.tsx'

/** Every connection and how it stands. */
export function ConnectionsPage(): ReactElement {
  const { connections: texts, common } = useTexts()
  const list = useList('connections.list', { limit: 200 }, { everyMs: 15_000 })
  const { search = '', state = '' } = useSearch({ from: '/connections' })
  const navigate = useNavigate({ from: '/connections' })
  const mayAdd = useMay('admin')
  const found = list.items.filter((one) => matches(one, search.toLowerCase()))
  const rows = found.filter((one) => state === '' || shownState(one) === state)
  const states = [...new Set(list.items.map(shownState))].toSorted(byUrgency)
  const add = mayAdd && (
    <ButtonLink to="/connections-add" leftSection={<IconPlus size={16} aria-hidden />}>
      {texts.add}
    </ButtonLink>
  )
  return (
    <Page title={texts.title} hint={texts.hint} actions={add}>
      <TextInput
        type="search"
        label={common.search}
        placeholder={texts.search}
        leftSection={<IconSearch size={16} aria-hidden />}
        value={search}
        onChange={({ currentTarget: { value } }) =>
          void navigate({ search: (now) => withText(now, 'search', value), replace: true })
        }
      />
      {states.length > 1 && (
        <FilterChips
          label={texts.state}
          value={state}
          onChange={(value) => void navigate({ search: (now) => withText(now, 'state', value) })}
          choices={[
            { value: '', label: texts.allStates, count: found.length },
            ...states.map((value) => ({
              value,
              label: common.states[value] ?? value,
              count: found.filter((one) => shownState(one) === value).length,
            })),
          ]}
        />
      )}
      <DataTable
        label={texts.title}
        list={list}
        rows={rows}
        columns={columnsOf(texts)}
        keyOf={({ name }) => name}
        empty={
          list.items.length === 0 ? (
            <Empty icon={IconPlugConnected} title={texts.none} hint={texts.noneHint}>
              {add}
            </Empty>
          ) : (
            <Empty icon={IconSearch} title={texts.noneFound} hint={texts.noneFoundHint} />
          )
        }
      />
    </Page>
  )
}

function matches(one: Connection, wanted: string): boolean {
  return [one.name, one.tenant, one.subject, one.provider].some((text) =>
    text?.toLowerCase().includes(wanted),
  )
}

function columnsOf(texts: Texts['connections']): readonly Column<Connection>[] {
  const { columns } = texts
  return [
    {
      key: 'name',
      title: columns.name,
      isName: true,
      cell: ({ name, provider, defined_in: definedIn, subject }) => (
        <>
          <PageLink to="/connections/$address" params={{ address: name }} fw={600} size="sm">
            {name}
          </PageLink>
          <Text size="xs" c="dimmed" fw={400}>
            {provider}, {texts.definedIn[definedIn]}
          </Text>
          {subject && (
            <Text size="xs" c="dimmed" fw={400} className="clipped" title={subject}>
              {texts.columns.account} {subject}
            </Text>
          )}
        </>
      ),
    },
    {
      key: 'state',
      title: columns.state,
      cell: (one) => (
        <div>
          <StateBadge state={shownState(one)} />
          {one.last_failure && (
            <Text size="xs" ff="monospace" mt={4} title={one.last_failure.detail}>
              {one.last_failure.code}
            </Text>
          )}
        </div>
      ),
    },
    {
      key: 'token',
      title: columns.token,
      cell: (one) =>
        (one.token_expires_at ?? one.next_attempt_at) ? <TokenCell connection={one} /> : null,
    },
    {
      key: 'idle',
      title: columns.idle,
      cell: ({ refresh_token: token }) =>
        token?.idle_expires_at ? (
          <Deadline at={token.idle_expires_at} nearDays={soonDays.idle} />
        ) : null,
    },
    {
      key: 'credential',
      title: columns.credential,
      cell: (one) => {
        const end = firstCredentialEnd(one)
        return end === undefined ? null : <Deadline at={end} nearDays={soonDays.credential} />
      },
    },
    {
      key: 'actions',
      title: columns.actions,
      cell: (one) => (isTemplate(one) ? null : <RefreshButton address={one.name} />),
    },
  ]
}
