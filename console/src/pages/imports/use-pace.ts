import { useEffect, useState } from 'react'
import type { Manifest } from './run.ts'

/** Speed is that of so many ms: long enough to be calm, short enough to be of now. */
const viewMs = 15_000

interface Sample {
  readonly collection: string
  readonly at: number
  readonly done: number
}

/** How fast a collection is read at the moment. */
export interface Pace {
  /** Of what is counted, a second. */
  readonly perSecond: number
  /** Until all that was counted is read, in ms. */
  readonly leftMs: number | undefined
}

/** Watches how fast a collection grows; undefined until it was seen twice. */
export function usePace(manifest: Manifest): Pace | undefined {
  const { collection, counted_so_far: done, count_before: all, state } = manifest
  const [samples, setSamples] = useState<readonly Sample[]>([])
  useEffect(() => {
    const at = performance.now()
    setSamples((before) => [
      ...before.filter((one) => one.collection === collection && at - one.at < viewMs),
      { collection, at, done },
    ])
  }, [collection, done])
  const [first, last] = [samples[0], samples.at(-1)]
  if (state !== 'reading' || first === undefined || last === undefined || last.at <= first.at) {
    return undefined
  }
  const perSecond = ((last.done - first.done) * 1_000) / (last.at - first.at)
  if (perSecond <= 0) return undefined
  const leftMs = all === null || all <= done ? undefined : ((all - done) / perSecond) * 1_000
  return { perSecond, leftMs }
}
