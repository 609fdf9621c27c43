import { Text } from '@mantine/core'
import type { ReactElement } from 'react'
import { describeDuration } from '../../parts/amounts.ts'
import { Section } from '../../parts/section.tsx'
import { useTexts } from '../../texts/index.ts'
import type { Trace } from './trace.ts'

const troubles = /^(refused|not_renewed|replay_skipped|deadline|token_warning)$/
const repairs = /^(renewed|replayed|sent_again|normalised)$/

/** Each step with its time since the call began, and what is known of it. */
export function TraceTimeline({ steps }: { readonly steps: Trace['steps'] }): ReactElement {
  const { trace: texts } = useTexts()
  return (
    <Section title={texts.timeline}>
      <ol className="rungs" aria-label={texts.timeline}>
        {steps.map(({ at_ms: atMs, step, detail }, index) => (
          // A step may happen twice in one call.
          <li key={`${step} ${index}`} data-outcome={outcomeOf(step, detail)}>
            <div className="step-head">
              <Text span fw={600} size="sm">
                {texts.steps[step] ?? step}
              </Text>
              <Text span size="xs" c="dimmed" className="step-at">
                +{describeDuration(atMs)}
              </Text>
            </div>
            <StepDetail detail={detail} />
          </li>
        ))}
      </ol>
    </Section>
  )
}

function StepDetail({ detail }: Pick<Trace['steps'][number], 'detail'>): ReactElement {
  const { trace: texts } = useTexts()
  const { headers, ...others } = detail
  const facts = Object.entries(others).map(([name, value]) => `${name}: ${String(value)}`)
  return (
    <>
      {facts.length > 0 && (
        <Text size="sm" c="dimmed" className="break-anywhere">
          {facts.join(' · ')}
        </Text>
      )}
      {headers !== undefined && (
        <details className="details">
          <summary>{texts.headers}</summary>
          <pre className="body-text" tabIndex={0} aria-label={texts.headers}>
            {String(headers)}
          </pre>
        </details>
      )}
    </>
  )
}

function outcomeOf(step: string, { status }: Trace['steps'][number]['detail']): string {
  if (troubles.test(step) || (typeof status === 'number' && status >= 400)) return 'failed'
  return repairs.test(step) ? 'unverified' : 'passed'
}
