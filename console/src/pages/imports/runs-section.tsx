import { Stack, Text, Title } from '@mantine/core'
import { IconDatabaseImport, IconSearch } from '@tabler/icons-react'
import { useNavigate, useSearch } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useList } from '../../app/calls.ts'
import { withText } from '../../app/with-text.ts'
import { describeCount, describeDuration } from '../../parts/amounts.ts'
import { ChoiceField } from '../../parts/choice-field.tsx'
import { DataTable, type Column } from '../../parts/data-table.tsx'
import { Empty } from '../../parts/empty.tsx'
import { Instant } from '../../parts/instant.tsx'
import { PageLink } from '../../parts/link.tsx'
import { SearchField } from '../../parts/search-field.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { useTexts } from '../../texts/index.ts'
import { speedOf, type Run } from './run.ts'
import { VerdictBadge } from './verdict-badge.tsx'

const states = ['running', 'waiting', 'interrupted', 'completed', 'failed', 'cancelled'] as const

/** Every run, the newest first. */
export function RunsSection(): ReactElement {
  const { imports: texts, common } = useTexts()
  const { name = '', state = '', verdict = '' } = useSearch({ from: '/imports' })
  const navigate = useNavigate({ from: '/imports' })
  const list = useList('imports.list', name === '' ? {} : { name }, { everyMs: 3_000 })
  const set = (what: 'name' | 'state' | 'verdict', value: string): void =>
    void navigate({ search: (now) => withText(now, what, value), replace: true })
  const rows = list.items.filter(
    (one) => (state === '' || one.state === state) && (verdict === '' || one.verdict === verdict),
  )
  const isFiltered = name !== '' || state !== '' || verdict !== ''
  const columns: readonly Column<Run>[] = [
    {
      key: 'name',
      title: texts.columns.name,
      isName: true,
      cell: (one) => (
        <>
          <PageLink to="/imports/$id" params={{ id: one.id }} fw={600}>
            {one.name}
          </PageLink>
          <Text size="xs" c="dimmed" fw={400} className="break-anywhere">
            {one.collections.join(', ')}: {texts.fromTo(one.connection, one.destination)}
          </Text>
        </>
      ),
    },
    { key: 'state', title: texts.columns.state, cell: (one) => <StateBadge state={one.state} /> },
    {
      key: 'verdict',
      title: texts.columns.verdict,
      cell: (one) => (one.verdict === null ? null : <VerdictBadge verdict={one.verdict} />),
    },
    {
      key: 'rows',
      title: texts.columns.rows,
      align: 'right',
      cell: (one) => describeCount(one.rows),
    },
    {
      key: 'speed',
      title: texts.columns.speed,
      align: 'right',
      cell: (one) => {
        const speed = speedOf(one)
        return speed === undefined ? null : describeCount(speed)
      },
    },
    {
      key: 'started',
      title: texts.columns.started,
      cell: (one) => <Instant at={one.created_at} />,
    },
    {
      key: 'took',
      title: texts.columns.took,
      align: 'right',
      cell: (one) => describeDuration(one.active_ms + one.waited_ms),
    },
  ]
  return (
    <Stack component="section" aria-labelledby="runs" gap="md">
      <Title order={2} id="runs">
        {texts.runs}
      </Title>
      <search className="filters" aria-label={common.filters}>
        <SearchField
          label={common.search}
          placeholder={texts.search}
          value={name}
          onChange={(value) => set('name', value)}
        />
        <ChoiceField
          label={texts.state}
          all={texts.allStates}
          choices={Object.fromEntries(states.map((one) => [one, common.states[one] ?? one]))}
          value={state}
          onChange={(value) => set('state', value)}
        />
        <ChoiceField
          label={texts.verdict}
          all={texts.allVerdicts}
          choices={texts.verdicts}
          value={verdict}
          onChange={(value) => set('verdict', value)}
        />
      </search>
      <DataTable
        label={texts.runs}
        list={list}
        rows={rows}
        columns={columns}
        keyOf={({ id }) => id}
        empty={
          isFiltered ? (
            <Empty icon={IconSearch} title={texts.noneFound} hint={texts.noneFoundHint} />
          ) : (
            <Empty icon={IconDatabaseImport} title={texts.none} hint={texts.noneHint} />
          )
        }
      />
    </Stack>
  )
}
