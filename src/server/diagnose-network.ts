import { lookup } from 'node:dns/promises'
import { connect, isIP, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { formatDuration, type Clock } from '../kernel/index.ts'
import { describeTransportError } from '../oauth/index.ts'
import type { Check } from './diagnosis.ts'
import type { Outbound } from './outbound.ts'

/** How long each step towards a host may take (ms). */
const stepDeadlineMs = 10_000

/** Beyond this difference token lives are misjudged and certificates begin to fail (ms). */
export const skewLimitMs = 60_000

/**
 * Goes towards a host the way calls go and reports each step: name, connection and TLS; or, where
 * calls go through a proxy, the tunnel through it as one. The first that fails is the last. Sends
 * nothing to the host.
 *
 * @param role `authority` or `graph`; begins the names of the checks.
 */
export async function checkReach(
  role: 'authority' | 'graph',
  url: URL,
  outbound: Pick<Outbound, 'proxyFor' | 'dial'>,
  clock: Clock,
): Promise<readonly Check[]> {
  const checks: Check[] = []
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const isSecure = url.protocol === 'https:'
  const port = url.port === '' ? (isSecure ? 443 : 80) : Number(url.port)
  const proxy = outbound.proxyFor(url)
  let socket: Socket | undefined
  let step = 'proxy'
  try {
    const startedAt = clock.monotonic()
    if (proxy !== undefined) {
      // Behind a proxy neither the name nor the host need be reachable from here.
      socket = await inTime(clock, outbound.dial(url), () => {})
      const took = formatDuration(clock.monotonic() - startedAt)
      const tls = isSecure ? `; ${describeTls(socket as TLSSocket)}` : ''
      checks.push(reached(role, 'proxy', `${url.host} through ${proxy} in ${took}${tls}`))
      return checks
    }
    step = 'dns'
    const { address } = await inTime(clock, lookup(host), () => {})
    checks.push(
      reached(role, 'dns', isIP(host) > 0 ? `${host} is an address` : `${host} is ${address}`),
    )
    step = 'tcp'
    const connectedFrom = clock.monotonic()
    socket = connect({ host: address, port })
    await inTime(clock, event(socket, 'connect'), () => socket?.destroy())
    const took = formatDuration(clock.monotonic() - connectedFrom)
    checks.push(reached(role, 'tcp', `port ${port} answered in ${took}`))
    if (!isSecure) return checks
    step = 'tls'
    socket.destroy()
    // As calls do it, so that one's own authorities count.
    socket = await inTime(clock, outbound.dial(url), () => {})
    checks.push(reached(role, 'tls', describeTls(socket as TLSSocket)))
  } catch (error) {
    checks.push(unreachable(role, step, error, url, proxy))
  } finally {
    socket?.destroy()
  }
  return checks
}

function reached(role: string, step: string, found: string): Check {
  return { check: `${role} ${step}`, status: 'ok', found }
}

function unreachable(
  role: string,
  step: string,
  cause: unknown,
  url: URL,
  proxy: string | undefined,
): Check {
  const { error } = describeTransportError(cause, url)
  return {
    check: `${role} ${step}`,
    status: 'fail',
    found: proxy === undefined ? error.detail : `${error.detail}; the proxy is ${proxy}`,
    remedy: error.remedy,
    code: role === 'graph' ? 'graph_unavailable' : error.code,
  }
}

function describeTls(socket: TLSSocket): string {
  const protocol = socket.getProtocol() ?? 'TLS'
  const until = Date.parse(socket.getPeerCertificate().valid_to)
  const validity = Number.isNaN(until)
    ? ''
    : `, certificate valid until ${new Date(until).toISOString().slice(0, 10)}`
  return `${protocol}${validity}`
}

/**
 * Compares our clock with the `Date` of an answer, which is exact to a second; any status will do.
 * A difference only ever warns: tokens are measured by our own clock.
 */
export async function checkClock(
  url: URL,
  { fetch, clock }: { readonly fetch: typeof globalThis.fetch; readonly clock: Clock },
): Promise<Check> {
  const controller = new AbortController()
  try {
    const sentAt = clock.now()
    const response = await inTime(
      clock,
      fetch(url, { signal: controller.signal, redirect: 'manual' }),
      () => controller.abort(),
    )
    const here = (sentAt + clock.now()) / 2
    await response.body?.cancel()
    const there = Date.parse(response.headers.get('date') ?? '')
    if (Number.isNaN(there)) return unmeasured(`${url.host} sent no Date header`)
    // The header leaves out the fraction of its second: half of one is the best guess.
    return judgeSkew(there + 500 - here, url.host)
  } catch (error) {
    return unmeasured(describeTransportError(error, url).error.detail)
  }
}

function judgeSkew(aheadMs: number, host: string): Check {
  const difference = Math.abs(aheadMs)
  const found =
    difference < 2_000
      ? `agrees with ${host} to 2 seconds`
      : `${formatDuration(difference)} ${aheadMs > 0 ? 'behind' : 'ahead of'} ${host}`
  if (difference <= skewLimitMs) return { check: 'clock', status: 'ok', found }
  const remedy = 'Set the clock of this machine by NTP.'
  return { check: 'clock', status: 'warn', found, remedy }
}

function unmeasured(found: string): Check {
  const remedy = 'Nothing, if the clock of this machine is set by NTP.'
  return { check: 'clock', status: 'warn', found: `could not be compared: ${found}`, remedy }
}

function event(socket: Socket, name: 'connect'): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(name, () => resolve())
    // Stays on: a socket that breaks later must not throw.
    socket.on('error', reject)
  })
}

/** Settles as `work`, or rejects with a timeout after calling `giveUp`. */
async function inTime<T>(clock: Clock, work: Promise<T>, giveUp: () => void): Promise<T> {
  const late = Promise.withResolvers<never>()
  const cancel = clock.schedule(stepDeadlineMs, () => {
    late.reject(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' }))
    giveUp()
  })
  work.catch(() => {})
  try {
    return await Promise.race([work, late.promise])
  } finally {
    cancel()
  }
}
