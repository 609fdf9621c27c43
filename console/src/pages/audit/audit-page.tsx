import { Button, Text } from '@mantine/core'
import { IconClipboardList, IconSearch } from '@tabler/icons-react'
import { useNavigate, useSearch } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import type { Operations } from '../../../../src/client/index.ts'
import { useList } from '../../app/calls.ts'
import { withText } from '../../app/with-text.ts'
import { ChoiceField } from '../../parts/choice-field.tsx'
import { DataTable, type Column } from '../../parts/data-table.tsx'
import { Empty } from '../../parts/empty.tsx'
import { Instant, useNow } from '../../parts/instant.tsx'
import { Page } from '../../parts/page.tsx'
import { SearchField } from '../../parts/search-field.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { useTexts } from '../../texts/index.ts'
import { ChangeList } from './change-list.tsx'
import { changesBetween } from './change.ts'

type Entry = Operations['audit.list']['result']['items'][number]

const hourMs = 3_600_000
const exact = ['actor', 'action', 'target', 'connection'] as const

/** What was done and refused, by whom, with what it changed; the newest first. */
export function AuditPage(): ReactElement {
  const { audit: texts, common } = useTexts()
  const filters = useSearch({ from: '/audit' })
  const navigate = useNavigate({ from: '/audit' })
  const now = useNow(60_000)
  const { since, ...names } = filters
  const from = Math.floor((now - Number(since ?? 0) * hourMs) / 60_000) * 60_000
  const asked = Number(since) > 0 ? { since: new Date(from).toISOString() } : {}
  const list = useList('audit.list', { limit: 50, ...names, ...asked }, { everyMs: 10_000 })
  const set =
    (name: keyof typeof filters) =>
    (value: string): void =>
      void navigate({ search: (known) => withText(known, name, value), replace: true })
  const isFiltered = Object.keys(filters).length > 0
  const hints = {
    actor: texts.actorHint,
    action: texts.actionHint,
    target: texts.targetHint,
    connection: texts.connectionHint,
  }
  return (
    <Page title={texts.title} hint={texts.hint}>
      <search className="filters" aria-label={common.filters}>
        {exact.map((name) => (
          <SearchField
            key={name}
            label={texts[name]}
            placeholder={hints[name]}
            value={filters[name] ?? ''}
            onChange={set(name)}
          />
        ))}
        <ChoiceField
          label={texts.since}
          all={texts.anyTime}
          choices={texts.times}
          value={since ?? ''}
          onChange={set('since')}
        />
        {isFiltered && (
          <Button variant="default" onClick={() => void navigate({ search: {}, replace: true })}>
            {texts.clear}
          </Button>
        )}
      </search>
      <DataTable
        label={texts.title}
        list={list}
        columns={useColumns()}
        keyOf={({ id }) => id}
        empty={
          isFiltered ? (
            <Empty icon={IconSearch} title={texts.noneFound} hint={texts.noneFoundHint} />
          ) : (
            <Empty icon={IconClipboardList} title={texts.none} hint={texts.noneHint} />
          )
        }
      />
    </Page>
  )
}

function useColumns(): readonly Column<Entry>[] {
  const { audit: texts } = useTexts()
  return [
    {
      key: 'action',
      title: texts.columns.action,
      isName: true,
      cell: ({ action, target, connection }) => (
        <>
          <Text span size="sm" ff="monospace" fw={600} className="break-anywhere">
            {action}
          </Text>
          <Text size="xs" c="dimmed" fw={400} className="break-anywhere">
            {[target, ...(connection === null || connection === target ? [] : [connection])].join(
              ', ',
            )}
          </Text>
        </>
      ),
    },
    {
      key: 'actor',
      title: texts.columns.actor,
      cell: ({ actor, actor_kind: kind }) => (
        <div className="break-anywhere">
          {actor}
          <Text size="xs" c="dimmed">
            {texts.kinds[kind] ?? kind}
          </Text>
        </div>
      ),
    },
    {
      key: 'outcome',
      title: texts.columns.outcome,
      cell: ({ outcome, code }) => (
        <>
          <StateBadge state={outcome} />
          {code !== null && (
            <Text size="xs" c="dimmed" ff="monospace" mt={2}>
              {code}
            </Text>
          )}
        </>
      ),
    },
    {
      key: 'change',
      title: texts.columns.change,
      cell: ({ before, after }) => {
        const changes = changesBetween(before, after)
        return changes.length === 0 ? null : <ChangeList changes={changes} />
      },
    },
    { key: 'when', title: texts.columns.when, cell: ({ at }) => <Instant at={at} /> },
  ]
}
