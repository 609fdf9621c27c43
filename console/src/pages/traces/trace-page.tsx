import { Group, SimpleGrid, Skeleton, Text } from '@mantine/core'
import { useParams } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useCall } from '../../app/calls.ts'
import { describeBytes, describeDuration } from '../../parts/amounts.ts'
import { CopyButton } from '../../parts/copy-button.tsx'
import { Facts } from '../../parts/facts.tsx'
import { Instant } from '../../parts/instant.tsx'
import { PageLink } from '../../parts/link.tsx'
import { Page } from '../../parts/page.tsx'
import { ProblemAlert } from '../../parts/problem.tsx'
import { Section } from '../../parts/section.tsx'
import { useTexts } from '../../texts/index.ts'
import { TraceBodies } from './trace-bodies.tsx'
import { TraceOutcome } from './trace-outcome.tsx'
import { TraceTimeline } from './trace-timeline.tsx'
import type { Trace } from './trace.ts'

/** One trace: what happened, step by step. */
export function TracePage(): ReactElement {
  const { id } = useParams({ from: '/traces/$id' })
  const { common, traces } = useTexts()
  const { data, error, refetch } = useCall('traces.show', { id }, { keepsOld: false })
  if (data !== undefined) return <Shown trace={data} />
  return (
    <Page title={traces.title}>
      {error === null ? (
        <Skeleton height={220} role="status" aria-label={common.loading} />
      ) : (
        <ProblemAlert error={error} again={() => void refetch()} />
      )}
    </Page>
  )
}

function Shown({ trace }: { readonly trace: Trace }): ReactElement {
  const { traces } = useTexts()
  const { method, path, kind, code } = trace
  return (
    <Page
      title={path === '' ? (traces.kinds[kind] ?? kind) : `${method} ${path}`}
      hint={<Instant at={trace.at} />}
    >
      <Group gap="sm">
        <TraceOutcome trace={trace} />
        {code !== null && (
          <Text size="sm" ff="monospace">
            {code}
          </Text>
        )}
      </Group>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg" verticalSpacing="lg">
        <TraceTimeline steps={trace.steps} />
        <div>
          <About trace={trace} />
        </div>
      </SimpleGrid>
      <TraceBodies bodies={trace.bodies} />
    </Page>
  )
}

function About({ trace }: { readonly trace: Trace }): ReactElement {
  const { trace: texts, traces } = useTexts()
  return (
    <Section title={texts.about}>
      <Facts
        facts={[
          [texts.status, trace.status],
          [texts.took, describeDuration(trace.duration_ms)],
          [texts.kind, traces.kinds[trace.kind]],
          [
            texts.connection,
            <PageLink key="to" to="/connections/$address" params={{ address: trace.connection }}>
              {trace.connection}
            </PageLink>,
          ],
          [texts.upstream, trace.upstream === '' ? null : trace.upstream],
          [texts.caller, trace.caller_name],
          [texts.rule, trace.rule],
          [texts.sent, describeBytes(trace.request_bytes)],
          [texts.received, describeBytes(trace.response_bytes)],
          [
            texts.requestId,
            <span key="id">
              {trace.request_id} <CopyButton text={trace.request_id} />
            </span>,
          ],
          [texts.id, trace.id],
        ]}
      />
    </Section>
  )
}
