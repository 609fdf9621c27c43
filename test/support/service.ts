/* A service in a process of its own: `service.ts CONFIG`, driven over IPC by service-process.ts. */
import { createHash } from 'node:crypto'
import { isEvergrantError, systemClock, type Clock } from '../../src/kernel/index.ts'
import { openEvergrant, type Evergrant } from '../../src/server/index.ts'
import type { ServiceAnswer, ServiceOrder, Trap } from './service-process.ts'

const configPath = process.argv[2] ?? ''
const skewMs = Number(process.env['SERVICE_SKEW_MS'] ?? '0')
const skewed: Clock = { ...systemClock, now: () => systemClock.now() + skewMs }

let traps: Trap[] = []

/** Springs a trap of that place once: tells the parent, then stops or dies where it stands. */
async function pass(place: Trap['place']): Promise<void> {
  const trap = traps.find((one) => one.place === place)
  if (trap === undefined) return
  traps = traps.filter((one) => one !== trap)
  await new Promise<void>((resolve) => {
    process.send?.({ trapped: place } satisfies ServiceAnswer, () => resolve())
  })
  process.kill(process.pid, trap.signal)
  // The signal is delivered between two turns of the loop.
  await new Promise((resolve) => setTimeout(resolve, 20))
}

const evergrant: Evergrant = await openEvergrant(
  {
    config: configPath,
    keepAlive: false,
    onEvent: (event) => {
      process.send?.({ event } satisfies ServiceAnswer)
      if (event.type !== 'grant.refreshed') return
      const trap = traps.find((one) => one.place === 'after-commit')
      if (trap !== undefined) process.kill(process.pid, trap.signal)
    },
  },
  {
    clock: skewed,
    wrapOutbound: (outbound) => ({
      ...outbound,
      fetch: async (input, init) => {
        const isTokenRequest = init?.method === 'POST'
        if (isTokenRequest) await pass('before-send')
        const response = await outbound.fetch(input, init)
        if (isTokenRequest) await pass('after-answer')
        return response
      },
    }),
  },
)

async function tokens(order: Extract<ServiceOrder, { do: 'tokens' }>): Promise<ServiceAnswer> {
  const { id, connection, upstream, scopes, callers } = order
  const seen: Record<string, number> = {}
  const count = (what: string): void => {
    seen[what] = (seen[what] ?? 0) + 1
  }
  await Promise.all(
    Array.from({ length: callers }, async () => {
      try {
        const handle = evergrant.connection(connection, upstream === undefined ? {} : { upstream })
        const { token } = await handle.getToken(scopes)
        count(createHash('sha256').update(token).digest('hex').slice(0, 16))
      } catch (error) {
        count(isEvergrantError(error) ? `error ${error.code}` : `fault ${String(error)}`)
      }
    }),
  )
  return { id, seen }
}

process.on('message', (order: ServiceOrder) => {
  switch (order.do) {
    case 'tokens':
      void tokens(order).then((answer) => process.send?.(answer))
      return
    case 'trap':
      traps = order.trap === null ? [] : [order.trap]
      process.send?.({ id: order.id, seen: {} } satisfies ServiceAnswer)
      return
    case 'close':
      void close(order.id)
  }
})

async function close(id: number): Promise<void> {
  await evergrant.close()
  process.send?.({ id, seen: {} } satisfies ServiceAnswer, () => process.disconnect())
}

process.on('disconnect', () => process.exit(0))
process.send?.({ ready: true } satisfies ServiceAnswer)
