import type { ReactElement } from 'react'
import { describeBytes, describeCount, describeDuration } from '../../parts/amounts.ts'
import { Facts, type Fact } from '../../parts/facts.tsx'
import { Instant } from '../../parts/instant.tsx'
import { PageLink } from '../../parts/link.tsx'
import { Section } from '../../parts/section.tsx'
import { useTexts } from '../../texts/index.ts'
import { isLive, speedOf, type Run } from './run.ts'

/** Everything that was counted while it ran. */
export function RunFacts({ run }: { readonly run: Run }): ReactElement {
  const { run: texts } = useTexts()
  const speed = speedOf(run)
  const driverOf = ({ driven_by: driver }: Run): string | null =>
    driver === null ? null : texts.driver(driver.kind, driver.host, driver.pid, driver.taken_over)
  const facts: readonly Fact[] = [
    [texts.rows, describeCount(run.rows)],
    [texts.speed, speed === undefined ? null : describeCount(speed)],
    [texts.refreshes, describeCount(run.refreshes)],
    [texts.retries, describeCount(run.retries)],
    [texts.pages, describeCount(run.pages)],
    [texts.requests, describeCount(run.requests)],
    [texts.units, describeCount(run.units)],
    [texts.throttled, run.throttled === 0 ? null : describeCount(run.throttled)],
    [texts.pausedFor, run.paused_ms === 0 ? null : describeDuration(run.paused_ms)],
    [texts.bytes, describeBytes(run.bytes)],
    [texts.took, describeDuration(run.active_ms)],
    [texts.waited, run.waited_ms === 0 ? null : describeDuration(run.waited_ms)],
    [texts.started, <Instant key="at" at={run.created_at} />],
    [texts.ended, isLive(run) ? texts.notYet : <Instant key="at" at={run.finished_at} />],
    [texts.drivenBy, driverOf(run)],
    [texts.filter, run.filter ?? texts.noFilter],
    [
      texts.connection,
      <PageLink key="to" to="/connections" search={{ search: run.connection }}>
        {run.connection}
      </PageLink>,
    ],
    [texts.tenant, run.tenant_id],
    [texts.id, run.id],
  ]
  return (
    <Section title={texts.about}>
      <Facts facts={facts} />
    </Section>
  )
}
