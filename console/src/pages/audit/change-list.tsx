import type { ReactElement } from 'react'
import { useTexts } from '../../texts/index.ts'
import type { FieldChange } from './change.ts'

/** What changed, a line a field: what it was, struck out, and what it became. */
export function ChangeList({
  changes,
}: {
  readonly changes: readonly FieldChange[]
}): ReactElement | null {
  const { audit: texts } = useTexts()
  if (changes.length === 0) return null
  return (
    <details className="details" open={changes.length <= 2}>
      <summary>{texts.changes(changes.length)}</summary>
      <dl className="changes">
        {changes.map(({ field, before, after }) => (
          <div key={field}>
            {field !== '' && <dt>{field}</dt>}
            <dd>
              {before !== undefined && <del>{before}</del>}
              {before !== undefined && <span aria-label={texts.became}> → </span>}
              {after === undefined ? <i>{texts.nothing}</i> : <ins>{after}</ins>}
            </dd>
          </div>
        ))}
      </dl>
    </details>
  )
}
