import { describeCount, describeDuration } from '../../parts/amounts.ts'
import type { useTexts } from '../../texts/index.ts'
import type { Changes, Manifest } from './run.ts'

type Texts = ReturnType<typeof useTexts>['run']

/** With how many cursors a collection is read, and why so many; null until that is decided. */
export function describePlan({ cursors, why, shards }: Manifest, texts: Texts): string | null {
  if (cursors === null || why === null) return null
  if (shards > 1) return texts.planOf(cursors, shards, why)
  return shards === 1 ? texts.oneCursor(why) : null
}

/** What reading a collection has cost so far; null where nobody knows. */
export function describeEffort({ effort }: Manifest, texts: Texts): string | null {
  if (effort === null || effort.requests === 0) return null
  const { requests, units, retries, throttled, waited_ms: waitedMs, refreshes } = effort
  return [
    texts.requestsOf(requests, describeCount(requests)),
    texts.unitsOf(units, describeCount(units)),
    ...(retries === 0 ? [] : [texts.sentAgain(describeCount(retries))]),
    ...(throttled === 0 ? [] : [texts.throttledOf(throttled, describeDuration(effort.paused_ms))]),
    ...(waitedMs === 0 ? [] : [texts.waitedFor(describeDuration(waitedMs))]),
    ...(effort.fewest_slots === null ? [] : [texts.narrowest(effort.fewest_slots)]),
    ...(refreshes === 0 ? [] : [texts.refreshesOf(refreshes)]),
  ].join(' · ')
}

/** What was read of changes since, or while it was read; null where there is nothing to tell. */
export function describeChanges(changes: Changes | undefined, texts: Texts): string | null {
  if (changes === undefined || changes.purpose === 'next') return null
  const { changed, gone, named, note, purpose, state } = changes
  if (state === 'lost') return texts.changesLost(note ?? '')
  const [read, away] = [describeCount(changed), describeCount(gone)]
  if (purpose !== 'since') return texts.changesMeanwhile(read, away)
  return texts.changesSince(describeCount(named ?? changed + gone), read, away)
}
