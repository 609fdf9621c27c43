import { useEffect, useState } from 'react'
import { ask } from '../../app/calls.ts'
import type { LogLine } from './run.ts'

/** So many lines are asked for at once. */
const pageSize = 500
/** So many are kept on screen: the browser shall not grow with the import. */
const keptLines = 3_000
/** A live run is asked for more so often (ms). */
const everyMs = 1_000
/** The last line of a run that is over may come a moment after its state; so often it is looked for. */
const looksForTheEnd = 5
const isLast = /^run_(completed|cancelled|failed|interrupted)$/

/** What is known of a log. */
export interface FollowedLog {
  readonly lines: readonly LogLine[]
  /** Lines that came first and are not kept here. */
  readonly leftOut: number
  readonly error: Error | undefined
  readonly isLoading: boolean
}

const nothing: FollowedLog = { lines: [], leftOut: 0, error: undefined, isLoading: true }

/**
 * Reads the log of a run from its beginning and, while it lives and nobody paused, goes on. A run
 * that ended is read to its last line.
 */
export function useLog(id: string, isLive: boolean, isPaused: boolean): FollowedLog {
  const [log, setLog] = useState(nothing)
  useEffect(() => {
    if (isPaused) return undefined
    const controller = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    let last = log.lines.at(-1)?.seq ?? 0
    let isComplete = isLast.test(log.lines.at(-1)?.type ?? '')
    let looks = 0
    const read = async (): Promise<void> => {
      try {
        for (let isFull = true; isFull;) {
          const asked = { id, after_seq: last, limit: pageSize }
          const { items } = await ask('imports.log', asked, controller.signal)
          last = items.at(-1)?.seq ?? last
          if (items.length > 0) isComplete = isLast.test(items.at(-1)?.type ?? '')
          isFull = items.length === pageSize
          setLog((now) => withLines(now, items))
        }
      } catch (error) {
        if (controller.signal.aborted) return
        setLog((now) => ({ ...now, error: error as Error, isLoading: false }))
      }
      const goesOn = isLive || (!isComplete && looks++ < looksForTheEnd)
      if (goesOn && !controller.signal.aborted) timer = setTimeout(() => void read(), everyMs)
    }
    void read()
    return () => {
      controller.abort()
      clearTimeout(timer)
    }
    // What is known already says where to go on; it is no reason to begin again.
  }, [id, isLive, isPaused])
  return log
}

function withLines(now: FollowedLog, items: readonly LogLine[]): FollowedLog {
  const known = now.lines.at(-1)?.seq ?? 0
  const all = [...now.lines, ...items.filter(({ seq }) => seq > known)]
  const kept = all.slice(-keptLines)
  return {
    lines: kept,
    leftOut: now.leftOut + all.length - kept.length,
    error: undefined,
    isLoading: false,
  }
}
