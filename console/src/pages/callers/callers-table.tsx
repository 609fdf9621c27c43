import { Group, Text } from '@mantine/core'
import { IconKey, IconSearch } from '@tabler/icons-react'
import { useNavigate, useSearch } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import type { Operations } from '../../../../src/client/index.ts'
import { useList } from '../../app/calls.ts'
import { withText } from '../../app/with-text.ts'
import { ChoiceField } from '../../parts/choice-field.tsx'
import { DataTable, type Column } from '../../parts/data-table.tsx'
import { Empty } from '../../parts/empty.tsx'
import { Instant } from '../../parts/instant.tsx'
import { SearchField } from '../../parts/search-field.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { useTexts } from '../../texts/index.ts'
import { Permits } from './permits.tsx'
import { RevokeCaller } from './revoke-caller.tsx'

type Caller = Operations['callers.list']['result']['items'][number]

/** Callers by name, what each may do, and how much of it. */
export function CallersTable(): ReactElement {
  const { callers: texts, common } = useTexts()
  const { search = '', state = '' } = useSearch({ from: '/callers' })
  const navigate = useNavigate({ from: '/callers' })
  const asked = state === 'all' ? { revoked: 'true' as const } : {}
  const list = useList('callers.list', { limit: 200, ...asked }, { everyMs: 15_000 })
  const set = (what: 'search' | 'state', value: string): void =>
    void navigate({ search: (now) => withText(now, what, value), replace: true })
  const wanted = search.toLowerCase()
  const rows = list.items.filter(({ name, connections }) =>
    [name, ...(connections === '*' ? [] : connections)].some((text) =>
      text.toLowerCase().includes(wanted),
    ),
  )
  const columns: readonly Column<Caller>[] = [
    {
      key: 'name',
      title: texts.columns.name,
      isName: true,
      cell: ({ name, id, revoked_at: revokedAt }) => (
        <>
          <Group gap="xs">
            {name}
            {revokedAt !== null && <StateBadge state="revoked" />}
          </Group>
          <Text size="xs" c="dimmed" fw={400} ff="monospace" className="break-anywhere">
            {id}
          </Text>
        </>
      ),
    },
    {
      key: 'role',
      title: texts.columns.role,
      cell: ({ role }) => (role === null ? texts.noRole : texts.roles[role]),
    },
    {
      key: 'permits',
      title: texts.columns.permits,
      cell: (one) => (
        <Permits
          connections={one.connections}
          upstream={one.upstream}
          allowsTokens={one.allow_tokens}
        />
      ),
    },
    {
      key: 'limits',
      title: texts.columns.limits,
      cell: ({ rate, concurrency }) =>
        [
          ...(rate === null ? [] : [texts.rate(rate)]),
          ...(concurrency === null ? [] : [texts.concurrency(concurrency)]),
        ].join(', ') || texts.noLimits,
    },
    {
      key: 'created',
      title: texts.columns.created,
      cell: (one) => <Instant at={one.created_at} />,
    },
    {
      key: 'actions',
      title: texts.columns.actions,
      cell: ({ id, name, revoked_at: at }) =>
        at === null ? <RevokeCaller id={id} name={name} /> : null,
    },
  ]
  return (
    <>
      <search className="filters" aria-label={common.filters}>
        <SearchField
          label={common.search}
          placeholder={texts.search}
          value={search}
          onChange={(value) => set('search', value)}
        />
        <ChoiceField
          label={texts.state}
          all={texts.active}
          choices={{ all: texts.withRevoked }}
          value={state}
          onChange={(value) => set('state', value)}
        />
      </search>
      <DataTable
        label={texts.keys}
        list={list}
        rows={rows}
        columns={columns}
        keyOf={({ id }) => id}
        empty={
          search === '' ? (
            <Empty icon={IconKey} title={texts.none} hint={texts.noneHint} />
          ) : (
            <Empty icon={IconSearch} title={texts.noneFound} hint={texts.noneFoundHint} />
          )
        }
      />
    </>
  )
}
