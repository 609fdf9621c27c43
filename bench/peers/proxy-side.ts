/** What a proxy is told; the first order starts it. */
export type ProxyOrder =
  | { readonly do: 'start'; readonly api: string; readonly folder: string; readonly tokens: string }
  | { readonly do: 'report' }

/** What it answers: where it listens, and what it has taken so far. */
export interface ProxyReport {
  readonly port: number
  /** What the load has to send along. */
  readonly headers: Readonly<Record<string, string>>
  /** Before the paths of the API. */
  readonly prefix: string
  /** Greatest resident memory so far (MiB). */
  readonly peakMiB: number
  readonly cpuMs: number
}

/** Answers the orders of one proxy, which `start` makes. */
export function proxySide(
  start: (
    order: Extract<ProxyOrder, { do: 'start' }>,
  ) => Promise<Pick<ProxyReport, 'port' | 'headers' | 'prefix'>>,
): (order: ProxyOrder) => Promise<ProxyReport> {
  let started: Pick<ProxyReport, 'port' | 'headers' | 'prefix'> | undefined
  return async (order) => {
    if (order.do === 'start') started = await start(order)
    if (started === undefined) throw new Error('the proxy has not been started')
    const { user, system } = process.cpuUsage()
    return {
      ...started,
      peakMiB: process.resourceUsage().maxRSS / 1_024,
      cpuMs: (user + system) / 1_000,
    }
  }
}
