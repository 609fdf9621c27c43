import { lookup as lookUp, type LookupAddress, type LookupOptions } from 'node:dns'
import { BlockList, isIP } from 'node:net'

/** Addresses that are not of the public internet: RFC 6890 and its kin. */
const notPublic = new BlockList()
for (const [address, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const) {
  notPublic.addSubnet(address, bits, 'ipv4')
}

/** What alone is public in IPv6, and what of it leads elsewhere: 6to4, Teredo, documentation. */
const publicV6 = new BlockList()
publicV6.addSubnet('2000::', 3, 'ipv6')
const notPublicV6 = new BlockList()
for (const [address, bits] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const) {
  notPublicV6.addSubnet(address, bits, 'ipv6')
}

/**
 * Tells whether an address is one of the public internet. IPv4 in IPv6 clothes (mapped, NAT64,
 * 6to4) never is.
 */
export function isPublicAddress(address: string): boolean {
  const plain = address.replace(/%.*$/, '')
  const family = isIP(plain)
  if (family === 4) return !notPublic.check(plain, 'ipv4')
  return family === 6 && publicV6.check(plain, 'ipv6') && !notPublicV6.check(plain, 'ipv6')
}

/** Whether it is loopback, plain IPv4 or IPv6. */
function isLoopback(address: string): boolean {
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'))
}

/** A name that leads where it may not. */
export class EgressError extends Error {
  override readonly name = 'EgressError'
  readonly code = 'EGRESS_REFUSED'
}

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void

/** Resolves a name as `net.connect` wants it. */
export type Lookup = (hostname: string, options: LookupOptions, callback: LookupCallback) => void

/**
 * Makes a look-up that gives public addresses only; the connection goes to the very address that
 * was checked. `localhost` and names below it may lead to loopback. A name of which any address is
 * not public is refused as a whole: what it is used for cannot be trusted.
 */
export function createGuardedLookup(
  resolve: (
    hostname: string,
    options: LookupOptions & { readonly all: true },
    callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
  ) => void = lookUp,
): Lookup {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, [])
      const isLocal = /^(?:.*\.)?localhost\.?$/i.test(hostname)
      const permits = isLocal ? isLoopback : isPublicAddress
      const refused = addresses.find(({ address }) => !permits(address))
      if (refused !== undefined) {
        const words = `"${hostname}" resolves to ${refused.address}, which is no public address`
        return callback(new EgressError(words), [])
      }
      if (options.all === true) return callback(null, addresses)
      const [first] = addresses
      if (first === undefined) return callback(new EgressError(`"${hostname}" has no address`), [])
      callback(null, first.address, first.family)
    })
  }
}
