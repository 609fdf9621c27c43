import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { clientAddressOf, createTrustedProxies } from './trusted-proxies.ts'

const proxies = createTrustedProxies(['10.0.0.1', 'fd00::/8'])

function addressOf(peer: string | undefined, told?: string | string[]): string {
  const headers = told === undefined ? {} : { 'x-forwarded-for': told }
  return clientAddressOf({ headers, socket: { remoteAddress: peer } } as IncomingMessage, proxies)
}

describe('the address of a client', () => {
  it('is that of the connection, whatever a stranger says in a header', () => {
    expect(addressOf('203.0.113.9', '198.51.100.1')).toBe('203.0.113.9')
    expect(addressOf(undefined, '198.51.100.1')).toBe('')
  })

  it('is the last one that no trusted proxy has, so that what clients put in front counts for nothing', () => {
    expect(addressOf('10.0.0.1', '198.51.100.1')).toBe('198.51.100.1')
    expect(addressOf('::ffff:10.0.0.1', '1.2.3.4, 198.51.100.1, fd00::5')).toBe('198.51.100.1')
    expect(addressOf('10.0.0.1', `${'1.2.3.4, '.repeat(500)}198.51.100.1`)).toBe('198.51.100.1')
    expect(addressOf('10.0.0.1', ['1.2.3.4', '2001:db8::7'])).toBe('2001:db8:0:0::/64')
  })

  it('is the network of 64 bits of IPv6, all of whose addresses one host may have', () => {
    for (const address of [
      '2001:db8:0:5::',
      '2001:db8:0:5::1',
      '2001:db8:0:5:ffff:ffff:ffff:ffff',
      '2001:0db8:0000:0005::7%eth0',
      '2001:DB8::5:0:0:0:9',
      '2001:db8:0:5::192.0.2.1',
    ]) {
      expect(addressOf(address)).toBe('2001:db8:0:5::/64')
      expect(addressOf('10.0.0.1', address)).toBe('2001:db8:0:5::/64')
    }
    expect(addressOf('2001:db8:0:6::1')).toBe('2001:db8:0:6::/64')
    expect(addressOf('::1')).toBe('0:0:0:0::/64')
    expect(addressOf('::ffff:203.0.113.9')).toBe('203.0.113.9')
  })

  it('is the proxy’s own where it tells nothing that is an address', () => {
    expect(addressOf('10.0.0.1')).toBe('10.0.0.1')
    expect(addressOf('10.0.0.1', 'unknown')).toBe('10.0.0.1')
    expect(addressOf('10.0.0.1', 'fd00::5, 10.0.0.1')).toBe('10.0.0.1')
  })
})
