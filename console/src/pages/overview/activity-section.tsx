import { BarChart } from '@mantine/charts'
import { Skeleton, Text } from '@mantine/core'
import type { ReactElement } from 'react'
import { useCall } from '../../app/calls.ts'
import { ProblemAlert } from '../../parts/problem.tsx'
import { Section } from '../../parts/section.tsx'
import { useTexts } from '../../texts/index.ts'
import { rowsOf, totalOf, type ActivityKind } from './activity.ts'
import { ActivityTable } from './activity-table.tsx'

const hours = 48
const time = new Intl.DateTimeFormat(undefined, {
  weekday: 'short',
  hour: '2-digit',
  minute: '2-digit',
})

/** How each kind looks; the legend and the table name them too. */
const colours: Readonly<Record<ActivityKind, string>> = {
  refreshed: 'pine.6',
  refresh_failed: 'red.7',
  lapsed: 'grape.7',
  calls: 'blue.6',
  calls_failed: 'red.7',
  replayed: 'yellow.6',
  imports_failed: 'orange.7',
}

/** What happened over the last two days as a chart, and the same as a table. */
export function ActivitySection({
  title,
  kinds,
}: {
  readonly title: string
  readonly kinds: readonly ActivityKind[]
}): ReactElement {
  const { overview } = useTexts()
  const { data, error, refetch } = useCall('activity.show', { hours }, { everyMs: 60_000 })
  const rows = data === undefined ? [] : rowsOf(data, kinds)
  const totals = kinds.map((kind) => `${overview.series[kind] ?? kind} ${totalOf(rows, kind)}`)
  return (
    <Section title={title} hint={overview.activityHint(hours)}>
      {error !== null && <ProblemAlert error={error} again={() => void refetch()} />}
      {data === undefined && error === null && <Skeleton height={180} />}
      {data !== undefined && rows.length === 0 && (
        <Text size="sm" c="dimmed">
          {overview.nothingHappened}
        </Text>
      )}
      {rows.length > 0 && (
        <>
          <div role="img" aria-label={totals.join(', ')}>
            <BarChart
              h={190}
              data={rows.map((row) => ({ ...row, label: time.format(new Date(row.at)) }))}
              dataKey="label"
              type="stacked"
              withLegend
              legendProps={{ verticalAlign: 'bottom' }}
              tickLine="none"
              gridAxis="x"
              yAxisProps={{ width: 36, allowDecimals: false, tickCount: 4, interval: 0 }}
              xAxisProps={{ minTickGap: 40 }}
              barChartProps={{ accessibilityLayer: false }}
              barProps={{ isAnimationActive: false }}
              series={kinds.map((kind) => ({
                name: kind,
                label: overview.series[kind] ?? kind,
                color: colours[kind],
              }))}
            />
          </div>
          <ActivityTable label={title} rows={rows} kinds={kinds} />
        </>
      )}
    </Section>
  )
}
