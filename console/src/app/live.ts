import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { client } from './client.ts'
import { nounOf } from './calls.ts'
import { isSignedOut } from './calls.ts'
import { goToSignIn } from './session.ts'

/** Which lists an event makes old, by the beginning of its type. */
const touched: Readonly<Record<string, readonly string[]>> = {
  grant: ['connections', 'grants', 'activity', 'audit'],
  import: ['imports', 'activity'],
  consent: ['consents', 'links', 'connections', 'audit'],
  alarm: ['alarms', 'audit'],
  identity: ['issuers'],
  session: ['sessions', 'audit'],
  console: ['console', 'audit'],
  account: ['accounts', 'people', 'audit'],
  gateway: ['traces', 'activity'],
  facade: ['facades', 'traces'],
  connection: ['connections', 'audit'],
  stream: ['connections', 'grants', 'imports', 'consents', 'links', 'alarms', 'issuers'],
}

/** Lists are read anew at most this often (ms), however many events there are. */
const pauseMs = 1_000

/**
 * Follows the events of the service and has what they touch read anew. Tells whether it is
 * connected.
 */
export function useLive(isSignedIn: boolean): boolean {
  const cache = useQueryClient()
  const [isConnected, setConnected] = useState(false)
  useEffect(() => {
    if (!isSignedIn) return undefined
    const controller = new AbortController()
    const waiting = new Set<string>()
    let timer: ReturnType<typeof setTimeout> | undefined
    const flush = (): void => {
      timer = undefined
      const nouns = new Set(waiting)
      waiting.clear()
      void cache.invalidateQueries({
        predicate: ({ queryKey }) => nouns.has(nounOf(queryKey[0])),
      })
    }
    const follow = async (): Promise<void> => {
      setConnected(true)
      for await (const { type } of client.events({ signal: controller.signal })) {
        for (const noun of touched[nounOf(type)] ?? []) waiting.add(noun)
        if (waiting.size > 0) timer ??= setTimeout(flush, pauseMs)
      }
    }
    follow()
      .catch((error: unknown) => {
        if (isSignedOut(error) && !controller.signal.aborted) goToSignIn()
      })
      .finally(() => {
        if (!controller.signal.aborted) setConnected(false)
      })
    return () => {
      controller.abort()
      clearTimeout(timer)
    }
  }, [cache, isSignedIn])
  return isConnected
}
