import { readFile } from 'node:fs/promises'
import { once } from 'node:events'
import { createServer, get } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/kernel/index.ts'
import { compose } from '../../src/server/index.ts'
import {
  consentRedirect,
  makeConsentWorld,
  people,
  type ConsentWorld,
} from '../support/consent-world.ts'
import { openAddress } from '../support/open-address.ts'
import { startRealProvider } from '../support/real-provider.ts'
import { watch } from '../support/waiting-command.ts'

let world: ConsentWorld
beforeEach(async () => {
  world = await makeConsentWorld()
})
afterEach(() => world.close())

/** What `--json` prints of a finished consent. */
interface Finished {
  readonly activated: boolean
  readonly subject: string | null
  readonly unverified: number
  readonly proofs: readonly {
    readonly proof: string
    readonly outcome: string
    readonly request_ids: readonly string[]
  }[]
}

const codeRequests = (): number =>
  world.simulator.control
    .tokenRequests()
    .filter(({ grantType }) => grantType === 'authorization_code').length

const show = async (name = 'csp'): Promise<Readonly<Record<string, unknown>>> =>
  (await world.evergrant(`connections show ${name} --json`)).json() as Record<string, unknown>

const outcomesOf = ({ proofs }: Finished): Readonly<Record<string, string>> =>
  Object.fromEntries(proofs.map(({ proof, outcome }) => [proof, outcome]))

/** Signs Alex in, so that his grant serves. */
async function serve(): Promise<Readonly<Record<string, unknown>>> {
  const led = await world.signIn()
  const finished = await world.evergrant('consent complete csp --json', led)
  if (finished.exit !== 0) throw new Error(finished.out + finished.note)
  return await show()
}

describe('a sign-in that is begun', () => {
  it('is none for a connection that nobody consents to', async () => {
    const refused = await world.evergrant('consent app --manual')
    expect(refused).toMatchObject({ exit: 2, out: '' })
    expect(refused.note).toContain('needs nobody’s sign-in')
    expect((await world.evergrant('consent nobody --manual')).note).toContain('connection_unknown')
    for (const uri of ['http://eg.example/cb', 'nonsense', 'https://eg.example/cb#part']) {
      const bad = await world.evergrant(`consent csp --manual --redirect-uri ${uri}`)
      expect(bad).toMatchObject({ exit: 2 })
    }
  })

  it('has an address of the pinned tenant, with all that protects it', async () => {
    const begun = await world.begin()
    const url = new URL(begun.authorization_url)
    expect(url.href).toContain(`/${world.simulator.tenant}/oauth2/v2.0/authorize?`)
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      response_type: 'code',
      response_mode: 'query',
      redirect_uri: consentRedirect,
      code_challenge_method: 'S256',
      prompt: 'consent',
      amr_values: 'mfa',
      // Partner Center, whose policy decides about MFA.
      scope: 'https://api.partnercenter.microsoft.com/.default offline_access openid profile',
    })
    for (const name of ['state', 'nonce', 'code_challenge']) {
      expect(url.searchParams.get(name)).toMatch(/^[\w-]{43}$/)
    }
    expect(begun).toMatchObject({ purpose: 'connect', redirect_uri: consentRedirect })
    const again = new URL((await world.begin()).authorization_url)
    expect(again.searchParams.get('state')).not.toBe(url.searchParams.get('state'))
    expect(world.simulator.control.tokenRequests()).toEqual([])
  })
})

describe('what a sign-in led to', () => {
  it('is refused when it belongs to no sign-in, or to another connection’s', async () => {
    const none = await world.evergrant('consent complete csp', 'planted-code')
    expect(none).toMatchObject({ exit: 2, out: '' })
    expect(none.note).toContain('[consent_unknown]')
    expect(none.note).not.toContain('planted')
    const led = await world.signIn()
    const foreign = led.replace(/state=[\w-]+/, 'state=of-somebody-else')
    expect((await world.evergrant('consent complete csp', foreign)).note).toContain(
      'of no sign-in that was begun here',
    )
    const other = await world.evergrant('consent complete anna', led)
    expect(other.note).toContain('of a sign-in for another connection')
    expect((await world.evergrant('consent complete csp', 'two words')).note).toContain(
      '[consent_unreadable]',
    )
    expect(codeRequests()).toBe(0)
    // None of it has spent the sign-in.
    expect((await world.evergrant('consent complete csp', led)).exit).toBe(0)
  })

  it('is refused a second time, and not redeemed again', async () => {
    const led = await world.signIn()
    expect((await world.evergrant('consent complete csp', led)).exit).toBe(0)
    const again = await world.evergrant('consent complete csp', led)
    expect(again).toMatchObject({ exit: 3, out: '' })
    expect(again.note).toContain('[consent_used]')
    expect(again.note).toContain('it succeeded at')
    expect(codeRequests()).toBe(1)
  })

  it('is taken once, however many paste it at the same time', async () => {
    const led = await world.signIn()
    const outcomes = await Promise.all(
      [1, 2, 3].map(() => world.evergrant('consent complete csp', led)),
    )
    expect(outcomes.map(({ exit }) => exit).toSorted((a, b) => a - b)).toEqual([0, 3, 3])
    expect(codeRequests()).toBe(1)
  })

  it('is refused when another sign-in was begun after it', async () => {
    const first = await world.signIn()
    const second = await world.signIn()
    const refused = await world.evergrant('consent complete csp', first)
    expect(refused.note).toContain('[consent_cancelled]')
    expect((await world.evergrant('consent complete csp', second)).exit).toBe(0)
  })

  it('ends the sign-in when it is the provider’s no, with the remedy', async () => {
    const begun = await world.begin()
    const state = new URL(begun.authorization_url).searchParams.get('state') ?? ''
    const no = new URLSearchParams({
      error: 'access_denied',
      error_description: 'AADSTS65004: User declined to consent to access the app.',
      state,
    })
    const declined = await world.evergrant(
      'consent complete csp',
      `${consentRedirect}?${no.toString()}`,
    )
    expect(declined).toMatchObject({ exit: 3, out: '' })
    expect(declined.note).toContain('[consent_denied]')
    expect(declined.note).toContain('accept what the application asks for')
    const again = await world.evergrant(
      'consent complete csp',
      `${consentRedirect}?${no.toString()}`,
    )
    expect(again.note).toContain('[consent_used]')
    expect(codeRequests()).toBe(0)
  })

  it('ends the sign-in when the provider refuses the code', async () => {
    await world.begin()
    const refused = await world.evergrant('consent complete csp --json', 'planted-code')
    expect(refused).toMatchObject({ exit: 3, note: '' })
    expect(refused.json()).toMatchObject({ code: 'grant_lapsed' })
    expect(refused.out).not.toContain('planted')
    expect(await show()).toMatchObject({ state: 'unused' })
  })
})

describe('a consent of a partner’s administrator', () => {
  it('serves once no rung failed, from the whole address or the code alone', async () => {
    const led = await world.signIn()
    const finished = await world.evergrant('consent complete csp --json', led)
    expect(finished).toMatchObject({ exit: 0, note: '' })
    const json = finished.json() as Finished
    expect(json).toMatchObject({ activated: true, subject: world.simulator.account().id })
    expect(outcomesOf(json)).toMatchObject({
      identity: 'passed',
      'Graph account': 'passed',
      'Partner Center profile': 'passed',
      'Resource Manager subscriptions': 'passed',
      'multi-factor authentication': 'passed',
    })
    expect(await show()).toMatchObject({ state: 'valid' })
    expect((await world.evergrant('token csp --upstream arm')).exit).toBe(0)

    const code = new URL(await world.signIn()).searchParams.get('code') ?? ''
    const byCode = await world.evergrant(`consent complete csp ${code}`)
    expect(byCode).toMatchObject({ exit: 0, note: '' })
    expect(byCode.out).toMatch(/csp: the consent of .* is active now/)
  })

  it('takes the place of the one before, which asks for no new consent', async () => {
    const before = await serve()
    const begun = await world.begin()
    expect(begun.purpose).toBe('reconnect')
    expect(new URL(begun.authorization_url).searchParams.get('prompt')).toBe('login')
    const led = await openAddress(begun.authorization_url, begun.redirect_uri)
    expect((await world.evergrant('consent complete csp', led)).exit).toBe(0)
    expect((await show())['grant_id']).not.toBe(before['grant_id'])
  })

  it('of another account needs approval; until then what served serves on', async () => {
    const before = await serve()
    world.simulator.control.setAutoSignIn(await anotherUser())
    const refused = await world.evergrant('consent complete csp', await world.signIn())
    expect(refused).toMatchObject({ exit: 3, out: '' })
    expect(refused.note).toContain('[consent_wrong_account]')
    expect(refused.note).toContain('--approve-account')
    expect(await show()).toMatchObject({ state: 'valid', grant_id: before['grant_id'] })
    const led = await world.signIn()
    const approved = await world.evergrant('consent complete csp --approve-account', led)
    expect(approved.exit).toBe(0)
    expect((await show())['grant_id']).not.toBe(before['grant_id'])
  })

  it('is not taken when an API’s token is not to be had, and what served serves on', async () => {
    const before = await serve()
    const led = await world.signIn()
    world.simulator.control.withdrawConsent('https://management.azure.com')
    const refused = await world.evergrant('consent complete csp --json', led)
    expect(refused).toMatchObject({ exit: 3 })
    expect(refused.json()).toMatchObject({ activated: false })
    expect(await show()).toMatchObject({ state: 'valid', grant_id: before['grant_id'] })
  })

  it('shows the roles that act for a partner', async () => {
    const admin = await world.evergrant('consent complete csp --json', await world.signIn())
    expect(admin.exit).toBe(0)
    expect((admin.json() as Finished).proofs).toContainEqual(
      expect.objectContaining({
        proof: 'partner roles',
        outcome: 'passed',
        detail: 'Global Administrator, AdminAgents',
      }),
    )
  })

  it('leaves them unverified for an account that has none', async () => {
    world.simulator.control.setAutoSignIn(await anotherUser())
    const plain = await world.evergrant('consent complete csp --json', await world.signIn())
    expect(outcomesOf(plain.json() as Finished)['partner roles']).toBe('unverified')
  })

  it('of a guest is not taken', async () => {
    world.simulator.control.setAutoSignIn(people.guest)
    const guest = await world.evergrant('consent complete csp --json', await world.signIn())
    expect(guest.exit).toBe(3)
    expect(outcomesOf(guest.json() as Finished)['member of the tenant']).toBe('failed')
    expect(await show()).not.toMatchObject({ state: 'valid' })
  })

  it('fails where the provider is away, and says that it may pass', async () => {
    const led = await world.signIn()
    world.simulator.control.outage(true)
    const away = await world.evergrant('consent complete csp', led)
    expect(away).toMatchObject({ exit: 4, out: '' })
    world.simulator.control.outage(false)
    const again = await world.evergrant('consent complete csp', led)
    expect(again.note).toContain('[consent_used]')
  })

  it('is not taken when Partner Center does not say yes, whatever else does', async () => {
    const { addFault } = world.simulator.control
    const before = await serve()
    for (const [status, body, code, exit] of [
      [401, { code: 900421, description: 'MFA required' }, 'interaction_required', 3],
      [403, {}, 'token_refused', 3],
      [503, {}, 'provider_unavailable', 4],
    ] as const) {
      const effect = { kind: 'status', status, body } as const
      // What may pass in a moment is asked for twice.
      const times = status === 503 ? 2 : 1
      addFault({ match: { kind: 'partner', times }, effect })
      const refused = await world.evergrant('consent complete csp --json', await world.signIn())
      expect(refused.exit).toBe(exit)
      const { proofs } = refused.json() as Finished
      expect(proofs.find(({ outcome }) => outcome === 'failed')).toMatchObject({
        proof: 'Partner Center profile',
        error: { code },
      })
    }
    expect(await show()).toMatchObject({ state: 'valid', grant_id: before['grant_id'] })
  })

  it('is taken when Resource Manager cannot be asked, and says so', async () => {
    const effect = { kind: 'status', status: 503 } as const
    world.simulator.control.addFault({ match: { kind: 'arm', times: 2 }, effect })
    const finished = await world.evergrant('consent complete csp --json', await world.signIn())
    expect(finished.exit).toBe(0)
    const json = finished.json() as Finished
    expect(outcomesOf(json)['Resource Manager subscriptions']).toBe('unverified')
    expect(json.unverified).toBeGreaterThan(0)
  })

  it('is not lost to an API that is busy for a moment, and names every request', async () => {
    const effect = { kind: 'status', status: 503 } as const
    world.simulator.control.addFault({ match: { kind: 'partner' }, effect })
    const finished = await world.evergrant('consent complete csp --json', await world.signIn())
    expect(finished.exit).toBe(0)
    const { proofs } = finished.json() as Finished
    expect(outcomesOf({ proofs } as Finished)).toMatchObject({
      'Partner Center profile': 'passed',
      'Partner Center customers': 'passed',
      'Graph account': 'passed',
      'Graph organization': 'passed',
      'Resource Manager tenants': 'passed',
    })
    const called = proofs.filter(({ proof }) => /^(?:Partner|Graph|Resource)/.test(proof))
    expect(called.filter(({ request_ids: ids }) => ids.length === 0)).toEqual([])
  })
})

describe('connections test, of a consent that serves,', () => {
  const test = async (): Promise<{
    readonly exit: number
    readonly checks: readonly { readonly check: string; readonly status: string }[]
  }> => {
    const outcome = await world.evergrant('connections test csp --json')
    return { exit: outcome.exit, checks: outcome.json() as never }
  }

  it('climbs the rungs again', async () => {
    await serve()
    const { exit, checks } = await test()
    expect(exit).toBe(0)
    for (const check of [
      'Graph account',
      'Partner Center profile',
      'Resource Manager subscriptions',
    ]) {
      expect(checks).toContainEqual(expect.objectContaining({ check, status: 'ok' }))
    }
  })

  it('says which one fails by now', async () => {
    await serve()
    const effect = { kind: 'status', status: 401, body: { code: 900421 } } as const
    world.simulator.control.addFault({ match: { kind: 'partner' }, effect })
    const { exit, checks } = await test()
    expect(exit).toBe(3)
    expect(checks.at(-1)).toMatchObject({
      check: 'Partner Center profile',
      upstream: 'partner',
      status: 'fail',
      code: 'interaction_required',
      remedy: expect.stringContaining('obtain consent again') as string,
    })
  })
})

describe('a consent at a real OpenID provider', () => {
  it('is obtained from the pasted address, and lives on by rotation', async () => {
    const real = await startRealProvider()
    const own = await makeConsentWorld({ real })
    try {
      const led = await own.signIn('anna')
      expect(new URL(led).searchParams.get('iss')).toBe(real.issuer)
      const foreign = led.replace(/iss=[^&]+/, 'iss=https%3A%2F%2Fevil.example')
      expect((await own.evergrant('consent complete anna', foreign)).note).toContain('"iss" names')
      const finished = await own.evergrant('consent complete anna', led)
      expect(finished).toMatchObject({ exit: 0, note: '' })
      expect(finished.out).toMatch(/^passed +resource https:\/\/two\.example/m)
      expect(finished.out).toContain('anna: the consent')
      expect((await own.evergrant('connections refresh anna')).exit).toBe(0)
      expect(real.ended.count).toBe(0)
    } finally {
      await own.close()
      await real.close()
    }
  })
})

describe('the command that waits', () => {
  let port: number
  let redirectUri: string
  beforeEach(async () => {
    port = await freePort()
    redirectUri = `http://127.0.0.1:${port}/consent/callback`
  })

  it('takes what the browser brings, and passes over what is not of its sign-in', async () => {
    const waiting = watch(`consent csp --redirect-uri ${redirectUri}`, world)
    const address = await waiting.address
    const elsewhere = await fetch(`http://127.0.0.1:${port}/other`)
    expect(elsewhere.status).toBe(404)
    const foreign = await fetch(`${redirectUri}?code=planted-code&state=foreign`)
    expect(foreign.status).toBe(400)
    const page = await fetch(await openAddress(address, redirectUri))
    expect(page.status).toBe(200)
    expect(await page.text()).toContain('The consent for csp is active.')
    expect(page.headers.get('referrer-policy')).toBe('no-referrer')
    expect(page.headers.get('cache-control')).toBe('no-store')
    const ended = await waiting.ended
    expect(ended).toMatchObject({ exit: 0 })
    expect(ended.out).toContain('csp: the consent')
    expect(ended.out + ended.note).not.toContain('planted')
  })

  it('passes over what names no sign-in, and names that were made to lead here', async () => {
    const waiting = watch(`consent csp --redirect-uri ${redirectUri}`, world)
    const address = await waiting.address
    // Any page that is open in the browser can lead it here.
    for (const query of ['error=access_denied', 'code=planted-code', '']) {
      expect((await fetch(`${redirectUri}?${query}`)).status).toBe(400)
    }
    const led = await openAddress(address, redirectUri)
    expect(await statusFor(led, `evil.example:${port}`)).toBe(404)
    expect(await statusFor(led, `127.0.0.1:${port}`)).toBe(200)
    expect(await waiting.ended).toMatchObject({ exit: 0 })
  })

  it('ends when the same page is loaded twice and another connection says nothing', async () => {
    const waiting = watch(`consent csp --redirect-uri ${redirectUri}`, world)
    const led = await openAddress(await waiting.address, redirectUri)
    const silent = connect(port, '127.0.0.1')
    await once(silent, 'connect')
    silent.write('GET /consent/callback HTTP/1.1\r\n')
    const pages = await Promise.all([fetch(led), fetch(led)])
    expect(pages.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 410])
    expect(await waiting.ended).toMatchObject({ exit: 0 })
    silent.destroy()
  })

  it('takes what is pasted', async () => {
    const waiting = watch('consent csp --manual', world, async (address) =>
      openAddress(address, consentRedirect),
    )
    expect(await waiting.ended).toMatchObject({ exit: 0 })
  })

  it('falls back to pasting where another program listens', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve))
    try {
      const outcome = await world.evergrant(`consent csp --redirect-uri ${redirectUri}`)
      expect(outcome).toMatchObject({
        exit: 0,
        out: 'finish with: evergrant consent complete csp\n',
      })
      expect(outcome.note).toContain('another program listens')
    } finally {
      await new Promise((resolve) => other.close(resolve))
    }
  })

  it('gives the sign-in up when it is interrupted', async () => {
    const waiting = watch(`consent csp --redirect-uri ${redirectUri}`, world)
    const address = await waiting.address
    waiting.interrupt()
    expect(await waiting.ended).toMatchObject({ exit: 3 })
    const led = await openAddress(address, redirectUri)
    const late = await world.evergrant('consent complete csp', led)
    expect(late.note).toContain('[consent_cancelled]')
  })
})

describe('the hour of a sign-in', () => {
  it('ends it, and a late code is not redeemed', async () => {
    const led = await world.signIn()
    const clock = { ...systemClock, now: () => systemClock.now() + 3_600_001 }
    const composition = await compose({ configPath: world.configPath, role: 'main', clock })
    try {
      for (const text of ['it could be finished until', 'its time ran out']) {
        const late = await composition.consent.complete('csp', { pasted: led })
        expect(late).toMatchObject({ ok: false, error: { code: 'consent_expired' } })
        expect(late.ok ? '' : late.error.detail).toContain(text)
      }
    } finally {
      await composition.close()
    }
    expect(codeRequests()).toBe(0)
  })
})

describe('what is kept and told', () => {
  it('holds neither state nor verifier, code or token', async () => {
    const events: unknown[] = []
    const composition = await compose({ configPath: world.configPath, role: 'main' })
    let led: string
    try {
      composition.events.on((event) => events.push(event))
      const options = { redirectUri: consentRedirect, startedBy: 'alex' }
      const { url } = await composition.consent.begin('csp', options)
      led = await openAddress(url, consentRedirect)
      const completed = await composition.consent.complete('csp', { pasted: led })
      expect(completed.ok).toBe(true)
    } finally {
      await composition.close()
    }
    const types = events.map((event) => (event as { readonly type: string }).type)
    const told = types.filter((type) => type.startsWith('consent.') && type !== 'consent.rung')
    expect(told).toEqual(['consent.started', 'consent.code_received', 'consent.verified'])
    const { searchParams } = new URL(led)
    const kept = [
      JSON.stringify(events),
      ...(await Promise.all(
        ['evergrant.db', 'evergrant.db-wal'].map(async (name) =>
          readFile(join(world.folder, name), 'latin1').catch(() => ''),
        ),
      )),
    ].join('')
    for (const name of ['code', 'state']) {
      expect(kept).not.toContain(searchParams.get(name) ?? 'none')
    }
  })
})

/** A port that nobody listens at. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** The status of a page that is asked for by another name. */
async function statusFor(url: string, host: string): Promise<number | undefined> {
  return await new Promise((resolve, reject) => {
    get(url, { headers: { host } }, (answer) => {
      answer.resume()
      resolve(answer.statusCode)
    }).once('error', reject)
  })
}

async function anotherUser(): Promise<string> {
  const [, second] = [...world.simulator.users(undefined, ['userPrincipalName'])]
  return (second as { readonly userPrincipalName: string }).userPrincipalName
}
