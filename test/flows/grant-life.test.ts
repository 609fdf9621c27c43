import { afterEach, describe, expect, it, vi } from 'vitest'
import type { CommandOutcome } from '../support/command.ts'
import type { ServiceProcess } from '../support/service-process.ts'
import {
  appScopes,
  makeWorld,
  scopeOf,
  upstreams,
  type Profile,
  type SharedWorld,
} from '../support/services.ts'

let world: SharedWorld
afterEach(() => world.close())

const day = 86_400_000

/** Runs `evergrant connections …`. */
const connections = (args: string, input = ''): Promise<CommandOutcome> =>
  world.evergrant(['connections', ...args.split(' ')], input)

/** A refresh token of the simulated authority behind a connection. */
const newRefreshToken = (profile: Profile): string =>
  profile === 'overlap'
    ? world.simulator.control.issueRefreshToken({})
    : world.simulator.control.issueRefreshToken({
        tenant: profile,
        clientId: 'services',
        scope: 'openid offline_access',
      })

/** What one caller gets: a token's fingerprint, or `error CODE`. */
async function ask(service: ServiceProcess, profile: Profile): Promise<string> {
  const target = { upstream: 'one' }
  const [got = ''] = Object.keys(await service.tokens(profile, scopeOf(profile, 'one'), target))
  return got
}

const withinASecond = (look: () => Promise<void>): Promise<void> =>
  vi.waitFor(look, { timeout: 1_200, interval: 40 })

const second = {
  id: '77777777-2222-4333-8444-555555555555',
  domain: 'fabrikam.example',
  users: 20,
  applications: [
    {
      id: '2f0c0000-1111-4222-8333-444444444444',
      secrets: [{ value: 'simulated~not.a.real.secret' }],
    },
  ],
}

describe.each(['SQLite', 'PostgreSQL'] as const)('adopt, over %s,', (store) => {
  it('takes nothing but one refresh token, for a connection that has one', async () => {
    world = await makeWorld(store)
    for (const [args, input, said] of [
      ['adopt strict', '', 'saw nothing'],
      ['adopt strict', 'two words', 'several words'],
      ['adopt app', 'a-token', 'works without refresh tokens'],
    ] as const) {
      const refused = await connections(args, input)
      expect(refused).toMatchObject({ exit: 2, out: '' })
      expect(refused.note).toContain(said)
      expect(refused.note).not.toContain('a-token')
    }
    expect((await connections('adopt nobody', 'x')).note).toContain('[connection_unknown]')
    expect(world.tokenRequests()).toEqual([])
  })

  it('refuses a candidate that fails any proof, and the grant that served serves on', async () => {
    world = await makeWorld(store, {
      tenants: [
        {
          id: '11111111-2222-4333-8444-555555555555',
          users: 20,
          applications: second.applications,
        },
        second,
      ],
    })
    await world.adopt('overlap')
    const service = await world.service()
    const serving = await ask(service, 'overlap')
    const { grant_id: grantId } = await world.show('overlap')

    const stranger = await connections('adopt overlap', 'planted-refresh-token')
    expect(stranger).toMatchObject({ exit: 3 })
    expect(stranger.out).toMatch(/^failed +resource https:\/\/graph/m)
    expect(stranger.out).toContain('what served before serves on')
    expect(stranger.out + stranger.note).not.toContain('planted')

    const ofAnother = world.simulator.control.issueRefreshToken({ tenant: second.id })
    const foreign = await connections('adopt overlap --json', ofAnother)
    expect(foreign).toMatchObject({ exit: 3, note: '' })
    expect(foreign.json()).toMatchObject({ name: 'overlap', activated: false })

    world.simulator.control.withdrawConsent('https://vault.azure.net')
    const partly = await connections('adopt overlap --json', newRefreshToken('overlap'))
    expect(partly.exit).toBe(3)
    const { proofs } = partly.json() as { readonly proofs: readonly { readonly outcome: string }[] }
    expect(new Set(proofs.map(({ outcome }) => outcome))).toEqual(new Set(['passed', 'failed']))

    expect(await ask(service, 'overlap')).toBe(serving)
    expect(await world.show('overlap')).toMatchObject({ state: 'valid', grant_id: grantId })
    expect((await connections('refresh overlap')).exit).toBe(0)
  })

  it('says that the provider was away, and keeps what served', async () => {
    world = await makeWorld(store)
    await world.adopt('strict')
    world.simulator.control.outage(true)
    const away = await connections('adopt strict --json', newRefreshToken('strict'))
    expect(away.exit).toBe(4)
    world.simulator.control.outage(false)
    expect((await connections('refresh strict')).exit).toBe(0)
  })

  it('proves one token for eight resources at a provider that rotates it each time', async () => {
    world = await makeWorld(store)
    const adopted = await connections('adopt strict', newRefreshToken('strict'))
    expect(adopted).toMatchObject({ exit: 0, note: '' })
    expect(adopted.out.match(/^passed /gm)).toHaveLength(upstreams.length + 2)
    expect(adopted.out).toMatch(/strict: the refresh token.* is active now\n$/)
    expect(world.simulator.stats().reuseDetected).toBe(0)
    expect((await connections('refresh strict')).exit).toBe(0)
    expect(await world.show('strict')).toMatchObject({
      state: 'valid',
      refresh_token: { version: upstreams.length + 3, unknown_since: null },
      keep_alive_at: expect.stringMatching(/Z$/),
    })
  })

  it('supersedes what served, which running services notice within a second', async () => {
    world = await makeWorld(store)
    await world.adopt('strict')
    const service = await world.service()
    const before = await ask(service, 'strict')
    const { grant_id: old } = await world.show('strict')
    expect((await connections('adopt strict', newRefreshToken('strict'))).exit).toBe(0)
    await withinASecond(async () => {
      const after = await ask(service, 'strict')
      expect(after).not.toBe(before)
      expect(after).not.toContain('error')
    })
    const dropped = service.events.filter(({ type }) => type === 'grant.dropped')
    expect(dropped).toMatchObject([{ connection: 'strict', reason: 'superseded' }])
    expect((await world.show('strict'))['grant_id']).not.toBe(old)
  })
})

describe.each(['SQLite', 'PostgreSQL'] as const)('revoke, over %s,', (store) => {
  it('ends a grant at a provider that can, and in every service within a second', async () => {
    world = await makeWorld(store)
    await world.adopt('strict')
    const service = await world.service()
    await ask(service, 'strict')
    const revoked = await connections('revoke strict --json')
    expect(revoked).toMatchObject({ exit: 0, note: '' })
    expect(revoked.json()).toEqual({ name: 'strict', state: 'revoked', at_provider: 'revoked' })
    expect(world.simulator.stats().revocations).toBeGreaterThan(1)
    await withinASecond(async () =>
      expect(await ask(service, 'strict')).toBe('error grant_revoked'),
    )
    const refused = await world.evergrant(['token', 'strict'])
    expect(refused).toMatchObject({ exit: 3, out: '' })
    expect(refused.note).toContain('[grant_revoked]')
    expect(await world.show('strict')).toMatchObject({
      state: 'revoked',
      refresh_token: null,
      keep_alive_at: null,
    })
    // Neither refresh nor a second revocation brings it back; another consent does.
    expect((await connections('refresh strict')).exit).toBe(3)
    expect((await connections('revoke strict --json')).json()).toMatchObject({
      at_provider: 'nothing',
    })
    expect((await connections('adopt strict', newRefreshToken('strict'))).exit).toBe(0)
    await withinASecond(async () => expect(await ask(service, 'strict')).not.toContain('error'))
  })

  it('says what Entra cannot do', async () => {
    world = await makeWorld(store)
    await world.adopt('overlap')
    const { exit, out } = await connections('revoke overlap')
    expect(exit).toBe(0)
    expect(out).toContain('overlap: revoked here; the provider has no revocation endpoint')
    expect(out).toContain('until an administrator revokes the sessions')
  })

  it('revokes here also when the provider fails, and says so', async () => {
    world = await makeWorld(store)
    await world.adopt('strict')
    world.simulator.control.outage(true)
    const revoked = await connections('revoke strict')
    world.simulator.control.outage(false)
    // Revoked here; what may live on at the provider is told by the exit code.
    expect(revoked).toMatchObject({ exit: 4 })
    expect(revoked.out).toContain('the provider did not confirm')
    expect(revoked.note).toContain('→ ')
    expect((await world.evergrant(['token', 'strict'])).note).toContain('[grant_revoked]')
  })

  it('lets client credentials come back by `connections refresh` alone', async () => {
    world = await makeWorld(store)
    const service = await world.service()
    const asApp = async (): Promise<string> =>
      Object.keys(await service.tokens('app', appScopes))[0] ?? ''
    await asApp()
    expect((await connections('revoke app')).out).toContain('app: revoked here')
    await withinASecond(async () => expect(await asApp()).toBe('error grant_revoked'))
    const refused = await world.evergrant(['token', 'app'])
    expect(refused).toMatchObject({ exit: 3, out: '' })
    expect(refused.note).toContain('`evergrant connections refresh app`')
    expect(world.tokenRequests()).toHaveLength(1)
    expect((await connections('refresh app')).exit).toBe(0)
    await withinASecond(async () => expect(await asApp()).not.toContain('error'))
  })
})

describe.each(['SQLite', 'PostgreSQL'] as const)('a grant over %s', (store) => {
  const endings: readonly (readonly [string, number, () => void])[] = [
    ['after 90 idle days', 700082, () => world.simulator.control.advanceClock(91 * day)],
    ['when its sessions are revoked', 50173, () => world.simulator.control.revokeSessions()],
    [
      'when people must sign in more often',
      70043,
      () => {
        world.simulator.control.setSignInFrequency(3_600)
        world.simulator.control.advanceClock(7_200_000)
      },
    ],
  ]
  it.each(endings)('lapses %s (AADSTS%i), with evidence and remedy', async (_, code, end) => {
    world = await makeWorld(store)
    await world.adopt('overlap')
    const service = await world.service()
    end()
    expect(await ask(service, 'overlap')).toBe('error grant_lapsed')
    const requests = world.tokenRequests().length
    expect(await ask(service, 'overlap')).toBe('error grant_lapsed')
    expect(world.tokenRequests()).toHaveLength(requests)
    const shown = await world.show('overlap')
    expect(shown).toMatchObject({
      grant_state: 'lapsed',
      last_failure: {
        code: 'grant_lapsed',
        detail: expect.stringContaining(`AADSTS${code}`),
        remedy: expect.stringMatching(/\w/),
        upstream: { error: 'invalid_grant', error_codes: [code], trace_id: expect.any(String) },
      },
    })
    const { out } = await connections('show overlap')
    expect(out).toContain(`AADSTS${code}`)
    expect(out).toMatch(/→ .*(sign|consent)/i)
    expect(out).toMatch(/for support: .*trace id /)
    // Whoever consents anew is served at once.
    world.simulator.control.setSignInFrequency(null)
    expect((await connections('adopt overlap', newRefreshToken('overlap'))).exit).toBe(0)
    await withinASecond(async () => expect(await ask(service, 'overlap')).not.toContain('error'))
  })

  it('that an administrator may mend is probed slowly, and `show` tells when', async () => {
    world = await makeWorld(store)
    world.simulator.control.setApplicationBlocked(true)
    const refused = await world.evergrant(['token', 'app'])
    expect(refused).toMatchObject({ exit: 3, out: '' })
    await world.evergrant(['token', 'app'])
    expect(world.tokenRequests()).toHaveLength(1)
    const service = await world.service()
    for (let i = 0; i < 20; i++) await service.tokens('app', appScopes)
    expect(world.tokenRequests().length).toBeLessThanOrEqual(2)
    expect(await world.show('app')).toMatchObject({
      state: 'lapsed',
      last_failure: { upstream: { error_codes: [53003] } },
    })
    world.simulator.control.setApplicationBlocked(false)
    expect((await connections('refresh app')).exit).toBe(0)
  })
})

describe('connections test', () => {
  it('names the upstream that has no token, and ends there', async () => {
    world = await makeWorld('SQLite')
    await world.adopt('overlap')
    world.simulator.control.withdrawConsent('https://api.partnercenter.microsoft.com')
    const { exit, out } = await connections('test overlap')
    expect(exit).toBe(3)
    expect(out).toMatch(/^ok +me +overlap: GET \/v1\.0\/me/m)
    expect(out).toMatch(/^ok +token +overlap, upstream one: just issued/m)
    expect(out).toMatch(/^fail +token +overlap, upstream two: .*AADSTS65001/m)
    expect(out).not.toContain('upstream three')
  })

  it('proves everything that a person’s grant is for, as that person', async () => {
    world = await makeWorld('SQLite')
    await world.adopt('overlap')
    const { exit, json } = await connections('test overlap --json')
    expect(exit).toBe(0)
    expect(json()).toMatchObject(
      [
        [null, 'token'],
        [null, 'me'],
        [null, 'Graph account'],
        [null, 'partner roles', 'warn'],
        [null, 'Graph organization'],
        ['one', 'token'],
        // Its upstreams say nowhere where they answer.
        ['one', 'Resource Manager subscriptions', 'warn'],
        ['one', 'Resource Manager tenants', 'warn'],
        ['two', 'token'],
        ['two', 'Partner Center profile', 'warn'],
        ['two', 'Partner Center customers', 'warn'],
        ['three', 'token'],
      ].map(([upstream, check, status = 'ok']) => ({
        check,
        connection: 'overlap',
        upstream,
        status,
      })),
    )
  })

  it('covers a provider without Graph', async () => {
    world = await makeWorld('SQLite')
    await world.adopt('strict')
    const { exit, out } = await connections('test strict')
    expect(exit).toBe(0)
    expect(out.match(/^ok +token /gm)).toHaveLength(upstreams.length + 1)
    expect(world.simulator.stats().reuseDetected).toBe(0)
  })
})

describe.each(['SQLite', 'PostgreSQL'] as const)('a template over %s', (store) => {
  const template = `
  tenants:
    provider: contoso
    tenant: '*'
    client: { id: ${second.applications[0]?.id}, credentials: [{ secret: { file: ./secret } }] }
    grant: client_credentials
    resource: https://graph.microsoft.com
    upstreams:
      arm: { resource: https://management.azure.com }
`
  const first = '11111111-2222-4333-8444-555555555555'
  const start = async (): Promise<void> => {
    const tenant = { users: 20, applications: second.applications }
    world = await makeWorld(store, { tenants: [{ ...tenant, id: first }, second] })
    await world.define({}, template)
  }
  const claimsOf = (token: string): Record<string, unknown> =>
    JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<
      string,
      unknown
    >

  it('gives no token without a tenant, and none for what is no tenant', async () => {
    await start()
    for (const [args, code] of [
      [['token', 'tenants'], 'tenant_required'],
      [['connections', 'test', 'tenants'], 'tenant_required'],
      [['connections', 'refresh', 'tenants'], 'tenant_required'],
      [['connections', 'revoke', 'tenants'], 'tenant_required'],
      [['token', 'tenants@not a tenant'], 'tenant_invalid'],
      [['token', 'tenants', '--tenant', '../other'], 'tenant_invalid'],
      [['connections', 'show', 'tenants@a/b'], 'tenant_invalid'],
      [['token', `tenants@${first}`, '--tenant', second.id], 'usage'],
      [['token', `tenants@${first}`, '--upstream', 'amr'], 'usage'],
      [
        ['token', `tenants@${first}`, '--upstream', 'arm', '--resource', 'https://x.example'],
        'usage',
      ],
      [['token', `tenants@${first}`, '--resource', 'https://vault.azure.net'], 'usage'],
      [['token', 'app', '--tenant', second.id], 'tenant_invalid'],
    ] as const) {
      const { exit, out, note } = await world.evergrant(args)
      expect({ args, exit, out }).toEqual({ args, exit: 2, out: '' })
      expect(note).toContain(`[${code}]`)
    }
    expect(world.tokenRequests()).toEqual([])
  })

  it('gives each tenant tokens of its own, and lists them', async () => {
    await start()
    const token = async (...args: readonly string[]): Promise<Record<string, unknown>> => {
      const { exit, out } = await world.evergrant(['token', ...args])
      expect(exit).toBe(0)
      return claimsOf(out.trim())
    }
    expect((await connections('list tenants')).out).toMatch(/^tenants: no tenant has a grant yet/)
    expect((await connections('show tenants')).out).toMatch(/^upstream arm +https:\/\/management/m)
    expect((await connections('show tenants --json')).json()).toMatchObject({
      upstreams: { arm: { resource: 'https://management.azure.com' } },
    })
    expect(await token(`tenants@${first}`)).toMatchObject({ tid: first })
    expect(await token('tenants', '--tenant', second.id)).toMatchObject({ tid: second.id })
    const arm = { tid: second.id, aud: expect.stringContaining('management.azure.com') }
    expect(await token(`tenants@${second.id}`, '--upstream', 'arm')).toMatchObject(arm)
    expect(
      await token(`tenants@${second.id}`, '--resource', 'https://management.azure.com'),
    ).toMatchObject(arm)
    expect(world.tokenRequests()).toHaveLength(3)

    expect((await connections('list')).out).toMatch(/^tenants +template /m)
    const { out } = await connections('list tenants')
    expect(out).toMatch(new RegExp(`^tenants@${first} +valid `, 'm'))
    const page = (await connections('list tenants --json --limit 1')).json() as {
      readonly name: string
      readonly grant_id: string
    }[]
    const rest = (await connections(`list tenants --json --after ${page[0]?.grant_id}`)).json() as {
      readonly name: string
    }[]
    expect([...page, ...rest].map(({ name }) => name).toSorted()).toEqual([
      `tenants@${first}`,
      `tenants@${second.id}`,
    ])
    expect((await connections('show tenants')).out).toMatch(
      /^state +template: gives tokens as tenants@TENANT/m,
    )

    const service = await world.service()
    const seen = await service.tokens(`tenants@${second.id}`, appScopes)
    expect(Object.keys(seen)[0]).not.toContain('error')
    expect(await service.tokens('tenants', appScopes)).toEqual({ 'error tenant_required': 1 })
    expect(world.tokenRequests()).toHaveLength(3)
  })

  it('works from the store as from the file', async () => {
    await start()
    const { id } = world.simulator.client
    const added = await world.evergrant(
      [
        'connections',
        'add',
        'csp',
        '--provider',
        'contoso',
        '--tenant',
        '*',
        '--client-id',
        id,
        '--grant',
        'authorization_code',
        '--resource',
        'https://graph.microsoft.com',
        '--secret',
      ],
      world.simulator.client.secret,
    )
    expect(added).toMatchObject({ exit: 0, note: '' })
    const ofSecond = world.simulator.control.issueRefreshToken({ tenant: second.id })
    expect((await connections(`adopt csp@${first}`, ofSecond)).exit).toBe(3)
    const another = world.simulator.control.issueRefreshToken({ tenant: second.id })
    expect(await connections(`adopt csp@${second.id}`, another)).toMatchObject({ exit: 0 })
    expect(await connections(`test csp@${second.id}`)).toMatchObject({ exit: 0 })
    expect((await connections(`test csp@${first}`)).out).toContain('has no refresh token')
    expect((await connections('list csp')).out).toMatch(
      new RegExp(`^csp@${second.id} +valid `, 'm'),
    )
  })
})
