import { describe, expect, it } from 'vitest'
import { createGuardedLookup, isPublicAddress } from './outbound-addresses.ts'

describe('the guard of outbound connections', () => {
  it('knows what is no public address', () => {
    for (const address of [
      '0.0.0.0',
      '10.1.2.3',
      '100.64.0.1',
      '127.0.0.1',
      '169.254.169.254',
      '172.16.0.1',
      '192.168.1.1',
      '198.18.0.1',
      '224.0.0.1',
      '255.255.255.255',
      '::',
      '::1',
      '::ffff:8.8.8.8',
      '::ffff:127.0.0.1',
      '64:ff9b::808:808',
      'fc00::1',
      'fd00::1',
      'fe80::1',
      'fe80::1%eth0',
      'ff02::1',
      '2002:7f00:1::',
      '2001:db8::1',
      '2001::1',
      'nonsense',
    ]) {
      expect([address, isPublicAddress(address)]).toEqual([address, false])
    }
    for (const address of ['8.8.8.8', '20.190.128.1', '2603:1026::1', '2606:4700::1111']) {
      expect([address, isPublicAddress(address)]).toEqual([address, true])
    }
  })

  it('refuses a name of which any address is not public, and gives what it checked', async () => {
    const ask = (hostname: string, ...addresses: string[]): Promise<unknown> =>
      new Promise((resolve) => {
        const lookup = createGuardedLookup((_hostname, _options, callback) =>
          callback(
            null,
            addresses.map((address) => ({ address, family: 4 })),
          ),
        )
        lookup(hostname, {}, (error, address) => resolve(error?.code ?? address))
      })
    expect(await ask('api.example', '8.8.8.8')).toBe('8.8.8.8')
    expect(await ask('api.example', '8.8.8.8', '10.0.0.1')).toBe('EGRESS_REFUSED')
    expect(await ask('localhost', '127.0.0.1')).toBe('127.0.0.1')
    expect(await ask('localhost', '10.0.0.1')).toBe('EGRESS_REFUSED')
    expect(await ask('notlocalhost', '127.0.0.1')).toBe('EGRESS_REFUSED')
  })
})
