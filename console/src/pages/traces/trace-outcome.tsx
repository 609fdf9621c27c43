import type { ReactElement } from 'react'
import { StateBadge } from '../../parts/state-badge.tsx'
import { useTexts } from '../../texts/index.ts'
import type { TraceSummary } from './trace.ts'

/** How a call ended: outcome and status. */
export function TraceOutcome({
  trace: { outcome, status },
}: {
  readonly trace: Pick<TraceSummary, 'outcome' | 'status'>
}): ReactElement {
  const { traces } = useTexts()
  return <StateBadge state={outcome} label={`${traces.outcomes[outcome] ?? outcome}, ${status}`} />
}
