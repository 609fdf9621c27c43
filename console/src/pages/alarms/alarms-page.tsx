import { Button, Group, Skeleton, Stack, Text } from '@mantine/core'
import { IconCircleCheck, IconSearch } from '@tabler/icons-react'
import { useNavigate, useSearch } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useList } from '../../app/calls.ts'
import { withText } from '../../app/with-text.ts'
import { ChoiceField } from '../../parts/choice-field.tsx'
import { Empty } from '../../parts/empty.tsx'
import { Page } from '../../parts/page.tsx'
import { ProblemAlert } from '../../parts/problem.tsx'
import { SearchField } from '../../parts/search-field.tsx'
import { useTexts } from '../../texts/index.ts'
import { AlarmCard } from './alarm-card.tsx'

/** What a person must know: open alarms, and those that are over. */
export function AlarmsPage(): ReactElement {
  const { alarms: texts, common } = useTexts()
  const filters = useSearch({ from: '/alarms' })
  const { search = '', state = '', severity = '', kind = '' } = filters
  const navigate = useNavigate({ from: '/alarms' })
  const asked = state === 'past' ? { all: 'true' as const } : {}
  const list = useList('alarms.list', { limit: 50, ...asked }, { everyMs: 30_000 })
  const set =
    (what: keyof typeof filters) =>
    (value: string): void =>
      void navigate({ search: (now) => withText(now, what, value), replace: true })
  const wanted = search.toLowerCase()
  const rows = list.items.filter(
    (one) =>
      (severity === '' || one.severity === severity) &&
      (kind === '' || one.kind === kind) &&
      [one.title, one.detail, one.subject].some((text) => text.toLowerCase().includes(wanted)),
  )
  return (
    <Page title={texts.title} hint={texts.hint}>
      <search className="filters" aria-label={common.filters}>
        <SearchField
          label={common.search}
          placeholder={texts.search}
          value={search}
          onChange={set('search')}
        />
        <ChoiceField
          label={texts.state}
          all={texts.open}
          choices={{ past: texts.past }}
          value={state}
          onChange={set('state')}
        />
        <ChoiceField
          label={texts.severity}
          all={texts.allSeverities}
          choices={{
            critical: common.states['critical'] ?? '',
            warning: common.states['warning'] ?? '',
          }}
          value={severity}
          onChange={set('severity')}
        />
        <ChoiceField
          label={texts.kind}
          all={texts.allKinds}
          choices={texts.kinds}
          value={kind}
          onChange={set('kind')}
        />
      </search>
      {list.error !== null && <ProblemAlert error={list.error} again={list.again} />}
      {list.isLoading && <Skeleton height={140} role="status" aria-label={common.loading} />}
      {rows.length === 0 &&
        list.error === null &&
        !list.isLoading &&
        (list.items.length === 0 ? (
          <Empty icon={IconCircleCheck} title={texts.none} hint={texts.noneHint} />
        ) : (
          <Empty icon={IconSearch} title={texts.noneFound} hint={texts.noneFoundHint} />
        ))}
      {rows.length > 0 && (
        <Stack gap="sm">
          {rows.map((alarm) => (
            <AlarmCard key={alarm.id} alarm={alarm} />
          ))}
          <Group justify="space-between">
            <Text size="sm" c="dimmed" role="status">
              {common.shown(rows.length)}
            </Text>
            {list.more !== undefined && (
              <Button variant="default" size="xs" onClick={list.more} loading={list.isFetchingMore}>
                {common.loadMore}
              </Button>
            )}
          </Group>
        </Stack>
      )}
    </Page>
  )
}
