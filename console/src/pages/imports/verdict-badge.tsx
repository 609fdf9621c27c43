import type { ReactElement } from 'react'
import { StateBadge } from '../../parts/state-badge.tsx'
import { useTexts } from '../../texts/index.ts'

/** How a run or a collection was judged. */
export function VerdictBadge({ verdict }: { readonly verdict: string }): ReactElement {
  const { imports } = useTexts()
  return <StateBadge state={verdict} label={imports.verdicts[verdict] ?? verdict} />
}
