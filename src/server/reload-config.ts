import type { Config } from '../config/index.ts'
import { EvergrantError } from '../kernel/index.ts'

/** What is made once, when a process starts. */
const fixed: readonly { readonly field: string; readonly of: (config: Config) => unknown }[] = [
  { field: 'store', of: ({ store }) => store },
  { field: 'encryption', of: ({ encryption }) => encryption },
  { field: 'network', of: ({ network }) => network },
  { field: 'server.listen', of: ({ server }) => server.listen },
  { field: 'server.publicUrl', of: ({ server }) => server.publicUrl },
  { field: 'server.traces', of: ({ server }) => server.traces },
]

/**
 * Refuses a configuration that changes what a running process cannot change, and names all of it.
 *
 * @throws EvergrantError `reload_needs_restart`
 */
export function requireReloadable(now: Config, next: Config): void {
  const changed = fixed.filter(({ of }) => JSON.stringify(of(now)) !== JSON.stringify(of(next)))
  // Whether TLS is spoken at all is a matter of the open port; its certificate is not.
  const fields = changed.map(({ field }) => field)
  if ((now.server.tls === undefined) !== (next.server.tls === undefined)) fields.push('server.tls')
  if (fields.length === 0) return
  throw new EvergrantError(
    'reload_needs_restart',
    `${fields.map((field) => JSON.stringify(field)).join(', ')} changed; nothing was taken over`,
  )
}

/** Makes what runs one piece of work after another; one that fails holds up none. */
export function createTurns(): (work: () => Promise<void>) => Promise<void> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const turn = last.then(work, work)
    last = turn.catch(() => {})
    return turn
  }
}
