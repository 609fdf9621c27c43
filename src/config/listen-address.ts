import { isIP, isIPv4 } from 'node:net'
import { isLoopback } from './urls.ts'

/** Where to listen; an IPv6 address stands without brackets. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** Reads `host:port`, IPv6 in brackets; undefined when it is neither. */
export function readListenAddress(text: string): ListenAddress | undefined {
  const [, bracketed, plain, digits = ''] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits)
  if (digits === '' || port > 65_535) return undefined
  if (bracketed !== undefined) {
    return isIP(bracketed) === 6 ? { host: bracketed.toLowerCase(), port } : undefined
  }
  const host = (plain ?? '').toLowerCase()
  const isName = /^[a-z]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(host)
  return isIPv4(host) || isName ? { host, port } : undefined
}

/** Tells whether a text is `host:port`. */
export function isListenAddress(text: string): boolean {
  return readListenAddress(text) !== undefined
}

/** Writes an address as it is read. */
export function listenText({ host, port }: ListenAddress): string {
  return `${bracket(host)}:${port}`
}

/** Tells whether only this machine reaches an address. */
export function listensHere({ host }: ListenAddress): boolean {
  return isLoopback(bracket(host))
}

/** The origin of a service that only this machine reaches. */
export function localOrigin({ host, port }: ListenAddress, scheme: 'http' | 'https'): string {
  const usual = ['127.0.0.1', '::1'].includes(host)
  return new URL(`${scheme}://${usual ? 'localhost' : bracket(host)}:${port}`).origin
}

const bracket = (host: string): string => (host.includes(':') ? `[${host}]` : host)

/** Tells whether a text is an IP address or a network in CIDR form. */
export function isProxyNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
}

/** Tells whether a network is the whole of its family. */
export function trustsEveryone(network: string): boolean {
  return /\/0+$/.test(network)
}
