import { Text } from '@mantine/core'
import { IconSearch, IconTransform } from '@tabler/icons-react'
import { useNavigate, useSearch } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useList } from '../../app/calls.ts'
import { withText } from '../../app/with-text.ts'
import { ChoiceField } from '../../parts/choice-field.tsx'
import { DataTable, type Column } from '../../parts/data-table.tsx'
import { Empty } from '../../parts/empty.tsx'
import { Instant } from '../../parts/instant.tsx'
import { PageLink } from '../../parts/link.tsx'
import { SearchField } from '../../parts/search-field.tsx'
import { useTexts } from '../../texts/index.ts'
import { FacadeState } from './facade-state.tsx'
import { targetOf, type FacadeClient } from './facade.ts'

/** Clients by name, with what their tokens are for. */
export function FacadesTable(): ReactElement {
  const { facades: texts, common } = useTexts()
  const { search = '', state = '' } = useSearch({ from: '/facades' })
  const navigate = useNavigate({ from: '/facades' })
  const asked = state === 'all' ? { revoked: 'true' as const } : {}
  const list = useList('facades.list', { limit: 200, ...asked }, { everyMs: 15_000 })
  const set = (what: 'search' | 'state', value: string): void =>
    void navigate({ search: (now) => withText(now, what, value), replace: true })
  const wanted = search.toLowerCase()
  const rows = list.items.filter((one) =>
    [one.name, one.connection, one.client_id].some((text) => text.toLowerCase().includes(wanted)),
  )
  const columns: readonly Column<FacadeClient>[] = [
    {
      key: 'name',
      title: texts.columns.name,
      isName: true,
      cell: ({ name, client_id: id }) => (
        <>
          <PageLink to="/facades/$client" params={{ client: id }} fw={600}>
            {name}
          </PageLink>
          <Text size="xs" c="dimmed" fw={400} ff="monospace" className="break-anywhere">
            {id}
          </Text>
        </>
      ),
    },
    { key: 'state', title: texts.columns.state, cell: (one) => <FacadeState client={one} /> },
    { key: 'connection', title: texts.columns.connection, cell: (one) => targetOf(one) },
    { key: 'tokens', title: texts.columns.tokens, cell: ({ tokens }) => texts.tokens[tokens] },
    {
      key: 'created',
      title: texts.columns.created,
      cell: (one) => <Instant at={one.created_at} />,
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
        label={texts.title}
        list={list}
        rows={rows}
        columns={columns}
        keyOf={({ client_id: id }) => id}
        empty={
          search === '' ? (
            <Empty icon={IconTransform} title={texts.none} hint={texts.noneHint} />
          ) : (
            <Empty icon={IconSearch} title={texts.noneFound} hint={texts.noneFoundHint} />
          )
        }
      />
    </>
  )
}
