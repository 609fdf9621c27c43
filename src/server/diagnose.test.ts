import { assert, property, string } from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { Secret, systemClock, type AccessToken } from '../kernel/index.ts'
import { checkReach } from './diagnose-network.ts'
import { checkNode, formatBytes } from './diagnose-place.ts'
import { createOutbound } from './outbound.ts'
import { readAppRoles } from './read-app-roles.ts'

const tokenOf = (text: string): AccessToken => ({
  secret: new Secret(text),
  tokenType: 'Bearer',
  issuedAt: 0,
  expiresAt: 1,
})
const jwt = (payload: unknown): AccessToken =>
  tokenOf(`e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.c2ln`)

describe('the check of Node.js', () => {
  it.each(['v20.20.2', 'v24.11.9', 'v22.30.0'])('refuses %s', (version) => {
    expect(checkNode(version)).toMatchObject({ status: 'fail', code: 'node_too_old' })
  })
  it.each(['v24.12.0', 'v24.21.0', 'v25.0.0', 'v26.1.0-nightly'])('takes %s', (version) => {
    expect(checkNode(version).status).toBe('ok')
  })
})

describe('the permissions in a token', () => {
  it('are unknown for a token that is opaque, whatever it is', () => {
    assert(property(string(), (text) => readAppRoles(tokenOf(text)) === undefined))
    expect(readAppRoles(jwt(null))).toBeUndefined()
    expect(readAppRoles(tokenOf('a.b.c.d'))).toBeUndefined()
  })

  it('are none where the token says none or nonsense', () => {
    expect(readAppRoles(jwt({}))).toEqual([])
    expect(readAppRoles(jwt({ roles: 'User.Read.All' }))).toEqual([])
    expect(readAppRoles(jwt({ roles: [1, null] }))).toEqual([])
  })

  it('are bounded in length and number', () => {
    const roles = readAppRoles(jwt({ roles: Array.from({ length: 999 }, () => 'x'.repeat(999)) }))
    expect(roles).toHaveLength(50)
    expect(roles?.[0]).toHaveLength(100)
  })

  it('are told as they stand', () => {
    expect(readAppRoles(jwt({ roles: ['User.Read.All'] }))).toEqual(['User.Read.All'])
  })
})

const direct = createOutbound({ clock: systemClock, proxy: 'none', env: {} })
afterAll(() => direct.close())
const reach = (role: 'authority' | 'graph', url: string): ReturnType<typeof checkReach> =>
  checkReach(role, new URL(url), direct, systemClock)

describe('the way to a host', () => {
  it('ends at the step that fails: a name that does not resolve has no connection to try', async () => {
    const checks = await reach('graph', 'https://host.invalid')
    expect(checks).toMatchObject([
      { check: 'graph dns', status: 'fail', code: 'graph_unavailable' },
    ])
  })

  it('names the address and the port of a host where nothing listens', async () => {
    const checks = await reach('authority', 'http://127.0.0.1:9')
    expect(checks).toMatchObject([
      { check: 'authority dns', status: 'ok' },
      {
        check: 'authority tcp',
        status: 'fail',
        found: expect.stringContaining('ECONNREFUSED'),
        remedy: expect.stringContaining('port'),
      },
    ])
  })
})

describe('an amount of bytes', () => {
  it.each([
    [0, '0 bytes'],
    [1_023, '1023 bytes'],
    [1_024, '1.0 KiB'],
    [52_428_800, '50 MiB'],
    [1_610_612_736, '1.5 GiB'],
  ])('of %d is written %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text))
})
