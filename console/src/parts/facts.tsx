import type { ReactElement, ReactNode } from 'react'
import { useTexts } from '../texts/index.ts'

/** One thing that is known: what, and its value; null where it is not known. */
export type Fact = readonly [label: string, value: ReactNode]

/** What is known of something, as pairs; on a narrow screen one below the other. */
export function Facts({ facts }: { readonly facts: readonly Fact[] }): ReactElement {
  const { common } = useTexts()
  return (
    <dl className="facts">
      {facts.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value ?? common.none}</dd>
        </div>
      ))}
    </dl>
  )
}
