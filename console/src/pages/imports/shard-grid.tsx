import { VisuallyHidden } from '@mantine/core'
import type { ReactElement } from 'react'
import { describeCount } from '../../parts/amounts.ts'
import { useTexts } from '../../texts/index.ts'
import type { Walk } from './run.ts'

/** What a cursor does at the moment. */
export function shardState({ state, pages }: Walk): 'waiting' | 'reading' | 'read' {
  if (state === 'finished') return 'read'
  return pages === 0 ? 'waiting' : 'reading'
}

/** The cursors of a collection at a glance: what each reads, and how far it is. */
export function ShardGrid({
  collection,
  walks,
}: {
  readonly collection: string
  readonly walks: readonly Walk[]
}): ReactElement {
  const { run: texts } = useTexts()
  return (
    <ul className="shards" aria-label={texts.shardsOf(collection)}>
      {walks.map((walk) => {
        const { shard, rows, expected } = walk
        const state = shardState(walk)
        const label = walk.label ?? texts.shardNumber(shard)
        const done = texts.shardRows(
          describeCount(rows),
          expected === null ? undefined : describeCount(expected),
        )
        return (
          <li
            key={shard}
            data-state={state}
            data-long={label.length > 6 || undefined}
            title={`${label}: ${texts.shardStates[state]}, ${done}`}
          >
            <span className="shard-label">{label}</span>
            <VisuallyHidden>{`${texts.shardStates[state]}, ${done}`}</VisuallyHidden>
            <span className="shard-bar" aria-hidden>
              <span style={{ width: `${filled(walk)}%` }} />
            </span>
          </li>
        )
      })}
    </ul>
  )
}

function filled(walk: Walk): number {
  if (walk.state === 'finished') return 100
  const { rows, expected } = walk
  if (expected === null || expected === 0) return rows > 0 ? 50 : 0
  return Math.min(96, (rows * 100) / expected)
}
