import { BlockList, isIP } from 'node:net'
import type { IncomingMessage } from 'node:http'

/** Who stands in front of the service and is believed about whom it speaks for. */
export interface TrustedProxies {
  /** Tells whether an address is that of a trusted proxy. */
  isTrusted(address: string | undefined): boolean
}

/** Reads addresses and networks (CIDR), which the configuration has checked. */
export function createTrustedProxies(entries: readonly string[]): TrustedProxies {
  const list = new BlockList()
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return {
    isTrusted: (address) => {
      if (address === undefined || entries.length === 0) return false
      const plain = address.startsWith('::ffff:') ? address.slice(7) : address
      const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4'
      return isIP(plain) !== 0 && list.check(plain, family)
    },
  }
}

/** Ids that other systems gave a request: what a log line may hold. */
const plainId = /^[\w.:-]{8,128}$/

/**
 * The id of a request: that of a trusted proxy (`X-Request-Id`) where it gave a plain one, else a
 * new one.
 */
export function requestIdOf(
  request: IncomingMessage,
  proxies: TrustedProxies,
  newRequestId: () => string,
): string {
  return trustedRequestId(request, proxies) ?? newRequestId()
}

/** The plain id that a trusted proxy gave a request, where it did. */
export function trustedRequestId(
  { headers, socket }: IncomingMessage,
  proxies: TrustedProxies,
): string | undefined {
  const given = headers['x-request-id']
  if (typeof given !== 'string' || !proxies.isTrusted(socket.remoteAddress)) return undefined
  return plainId.test(given) ? given : undefined
}

/**
 * Where a request came from: the last address that no trusted proxy has, as `X-Forwarded-For` tells
 * it; that of the connection where no trusted proxy stands in front. Of IPv6 the network of 64
 * bits: whoever has one address there has all of them. For counting, not for permits.
 */
export function clientAddressOf(
  { headers, socket }: IncomingMessage,
  proxies: TrustedProxies,
): string {
  const peer = socket.remoteAddress ?? ''
  if (!proxies.isTrusted(peer)) return countedAs(peer)
  const told = headers['x-forwarded-for']
  const hops = (Array.isArray(told) ? told.join(',') : (told ?? '')).split(',')
  const client = hops.map((hop) => hop.trim()).findLast((hop) => !proxies.isTrusted(hop))
  return countedAs(client !== undefined && isIP(client) !== 0 ? client : peer)
}

function countedAs(address: string): string {
  const plain = address.startsWith('::ffff:') ? address.slice(7) : address
  if (isIP(plain) !== 6) return plain
  const [before = '', after] = plain.replace(/%.*$/, '').split('::')
  const groups = before.split(':').filter(Boolean)
  const behind = (after ?? '').split(':').filter(Boolean)
  // Of what stands behind `::`, a group in dotted form is two.
  const width = behind.length + (behind.at(-1)?.includes('.') === true ? 1 : 0)
  const zeros = after === undefined ? 0 : 8 - groups.length - width
  const whole = [...groups, ...Array<string>(zeros).fill('0'), ...behind]
  const network = whole.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16))
  return `${network.join(':')}::/64`
}
