import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as openid from 'openid-client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openEvergrant, startServing } from '../../src/server/index.ts'
import {
  customers,
  makeConsentWorld,
  people,
  type ConsentWorld,
  type ConsentWorldOptions,
} from '../support/consent-world.ts'

const { fabrikam, tailspin } = customers
const graphScopes = 'https://graph.microsoft.com/.default'
const graphId = '00000003-0000-0000-c000-000000000000'

let world: ConsentWorld
beforeEach(async () => {
  world = await makeConsentWorld({ customers: '{}' })
  const finished = await world.evergrant('consent complete csp --json', await world.signIn())
  if (finished.exit !== 0) throw new Error(finished.out + finished.note)
})
afterEach(() => world.close())

/** Calls an API through the gateway’s code; its JSON. */
async function call(address: string, path: string, more = ''): Promise<CallAnswer> {
  const outcome = await world.evergrant(`call ${address} ${path} --json${more}`)
  const { status, body } = outcome.json() as { readonly status: number; readonly body: string }
  return { exit: outcome.exit, status, body: JSON.parse(body) as CallAnswer['body'] }
}

interface CallAnswer {
  readonly exit: number
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

const show = async (name: string): Promise<Readonly<Record<string, unknown>>> =>
  (await world.evergrant(`connections show ${name} --json`)).json() as Record<string, unknown>

/** Lets Partner Center consent for a customer. */
async function consentFor(
  customer: string,
  scopes: Readonly<Record<string, string>>,
): Promise<void> {
  const applicationGrants = Object.entries(scopes).map(([enterpriseApplicationId, scope]) => ({
    enterpriseApplicationId,
    scope,
  }))
  const body = { applicationId: world.simulator.client.id, displayName: 'x', applicationGrants }
  const data = ` --data ${JSON.stringify(body)}`
  const path = `POST /v1/customers/${customer}/applicationconsents`
  expect((await call('csp:partner', path, data)).status).toBe(201)
}

describe('the grant of a partner', () => {
  it('serves Partner Center, Graph and Resource Manager, and the Graph of a customer', async () => {
    await consentFor(fabrikam, { [graphId]: 'User.Read,Directory.Read.All' })
    const arm = '/subscriptions?api-version=2022-12-01'
    for (const [address, path, seen] of [
      ['csp:partner', 'GET /v1/profiles/organization', 'contoso.example'],
      ['csp:graph', 'GET /v1.0/organization', world.simulator.tenant],
      ['csp:arm', `GET ${arm}`, world.simulator.tenant],
      [`csp@${fabrikam}:graph`, 'GET /v1.0/organization', fabrikam],
      ['csp@fabrikam.example:graph', 'GET /v1.0/organization', fabrikam],
    ] as const) {
      const answer = await call(address, path)
      expect([address, answer.status]).toEqual([address, 200])
      expect(JSON.stringify(answer.body)).toContain(seen)
    }
    const token = await world.evergrant(`token csp@${fabrikam} --output json`)
    expect(token.exit).toBe(0)
    const shown = await show(`csp@${fabrikam}`)
    expect(shown).toMatchObject({ state: 'valid', tenant: fabrikam, grant_state: 'active' })
    expect((await show('csp'))['grant_id']).toBe(shown['grant_id'])
  })

  it('is not ended by a customer that refuses, whatever its reason', async () => {
    const refused = await world.evergrant(`token csp@${fabrikam}`)
    expect(refused).toMatchObject({ exit: 3, out: '' })
    expect(refused.note).toContain('[customer_refused]')
    expect(refused.note).toContain(`connections customers csp --customer ${fabrikam} --grant`)
    await consentFor(tailspin, { [graphId]: 'User.Read' })
    // Consent that names another API is none for this one.
    const half = await world.evergrant(`call csp@${tailspin}:arm GET /subscriptions`)
    expect(half.note + half.out).toContain('AADSTS65001')
    expect((await call(`csp@${tailspin}:graph`, 'GET /v1.0/organization')).status).toBe(200)
    world.simulator.control.setAccount(people.admin, { groups: [] })
    const outside = await world.evergrant(`connections refresh csp@${tailspin}`)
    expect(outside.note).toContain('AADSTS50020')
    expect(outside.note).toContain('GDAP')
    expect(await show('csp')).toMatchObject({ state: 'valid', last_failure: null })
    expect(await show(`csp@${fabrikam}`)).toMatchObject({
      state: 'lapsed',
      last_failure: { code: 'customer_refused' },
    })
  })

  it('is never begun, revoked or replaced by the name of a customer', async () => {
    for (const command of ['consent', 'connections revoke', 'connections adopt']) {
      const refused = await world.evergrant(
        `${command} csp@${fabrikam}${command === 'consent' ? ' --manual' : ''}`,
        'a-token',
      )
      expect([command, refused.exit]).toEqual([command, 2])
      expect(refused.note).toContain('Name the connection itself: csp')
    }
    expect((await world.evergrant(`token app@${fabrikam}`)).note).toContain('tenant_invalid')
    expect(await show('csp')).toMatchObject({ state: 'valid', subject: expect.any(String) })
  })
})

describe('a sign-in of a partner', () => {
  const outcomes = async (options: ConsentWorldOptions): Promise<Finished> => {
    await world.close()
    world = await makeConsentWorld(options)
    const finished = await world.evergrant('consent complete csp --json', await world.signIn())
    return { exit: finished.exit, ...(finished.json() as Omit<Finished, 'exit'>) }
  }

  it('tells of a customer that does not let it in, and serves nevertheless', async () => {
    const finished = await outcomes({ customers: `{ sample: [${fabrikam}, tailspin.example] }` })
    expect(finished).toMatchObject({ exit: 0, activated: true })
    for (const tenant of [fabrikam, 'tailspin.example']) {
      const proof = finished.proofs.find((one) => one.proof === `customer ${tenant}`)
      expect(proof).toMatchObject({ outcome: 'unverified', error: { code: 'customer_refused' } })
      expect(proof?.request_ids.length).toBeGreaterThan(0)
    }
    // Nobody is held off by that: consent is seen at once.
    await consentFor(fabrikam, { [graphId]: 'User.Read' })
    expect((await call(`csp@${fabrikam}:graph`, 'GET /v1.0/organization')).status).toBe(200)
    const again = await world.evergrant('consent complete csp --json', await world.signIn())
    const { proofs } = again.json() as Finished
    expect(proofs.find(({ proof }) => proof === `customer ${fabrikam}`)?.outcome).toBe('passed')
    const tested = (await world.evergrant('connections test csp --json')).json()
    expect(tested).toContainEqual(
      expect.objectContaining({ check: `customer ${fabrikam}`, status: 'ok' }),
    )
    expect(tested).toContainEqual(
      expect.objectContaining({ check: 'customer tailspin.example', status: 'warn' }),
    )
    const own = await world.evergrant(`connections test csp@${fabrikam}:graph`)
    expect(own.exit).toBe(2)
    const theirs = await world.evergrant(`connections test csp@${fabrikam} --json`)
    const checks = theirs.json() as readonly { readonly check: string; readonly status: string }[]
    expect(checks).toContainEqual(
      expect.objectContaining({ check: 'Graph organization', status: 'ok' }),
    )
    expect(checks.map(({ check }) => check)).not.toContain('Graph account')
  })

  it('tries the first of Partner Center’s list, and fails where a customer is required', async () => {
    const finished = await outcomes({ customers: '{ required: true }' })
    expect(finished).toMatchObject({ exit: 3, activated: false })
    const tried = finished.proofs.filter(({ proof }) => proof.startsWith('customer '))
    expect(tried).toMatchObject([{ proof: `customer ${fabrikam}`, outcome: 'failed' }])
    expect(await show('csp')).toMatchObject({ state: 'unused' })
    const none = await outcomes({ customers: '{ first: 0, required: true }' })
    expect(none).toMatchObject({ exit: 0, activated: true })
  })

  it('does not serve without the permissions that are required', async () => {
    const graphRequires = '[User.Read, Directory.Read.All, Reports.Read.All]'
    const finished = await outcomes({ graphRequires })
    expect(finished).toMatchObject({ exit: 3, activated: false })
    const proof = finished.proofs.find((one) => one.proof === 'permissions')
    expect(proof).toMatchObject({ outcome: 'failed', error: { code: 'consent_required' } })
    expect(proof?.error?.detail).toContain('lacks Reports.Read.All')
    const whole = await outcomes({ graphRequires: '[User.Read, directory.read.all]' })
    expect(whole).toMatchObject({ exit: 0, activated: true })
    const shown = await world.evergrant('connections permissions csp')
    expect(shown.exit).toBe(0)
    expect(shown.out).toContain('/v2.0/adminconsent?')
  })
})

describe('a customer', () => {
  it('is imported and read by the library like any tenant', async () => {
    await consentFor(fabrikam, { [graphId]: 'User.Read,Directory.Read.All' })
    const imported = await world.evergrant(`import csp@${fabrikam} users --to ndjson:out`)
    expect(imported.exit).toBe(0)
    const rows = await readFile(join(world.folder, 'out/users.ndjson'), 'utf8')
    expect(rows).toContain('fabrikam.example')
    const evergrant = await openEvergrant({ config: world.configPath, keepAlive: false })
    try {
      const answer = await evergrant
        .connection(`csp@${fabrikam}`, { upstream: 'graph' })
        .fetch(`${world.simulator.urls.graph}/v1.0/organization`)
      expect(await answer.text()).toContain(fabrikam)
      const refused = evergrant.connection('csp@tailspin.example').getToken(graphScopes)
      await expect(refused).rejects.toMatchObject({ code: 'customer_refused' })
    } finally {
      await evergrant.close()
    }
  })

  it('is reached through the gateway by whoever may use the connection, and by nobody else', async () => {
    await consentFor(fabrikam, { [graphId]: 'User.Read,Directory.Read.All' })
    const serving = await startServing({
      configPath: world.configPath,
      env: {},
      listen: { host: '127.0.0.1', port: 0 },
      keepAlive: false,
      logTo: { write: () => {} },
    })
    try {
      const through = async (connections: readonly string[]): Promise<Response> => {
        const { key } = await serving.callerDesk.add({ name: crypto.randomUUID(), connections })
        return await fetch(`${serving.url}/proxy/csp@${fabrikam}:graph/v1.0/organization`, {
          headers: { authorization: `Bearer ${key.reveal()}` },
        })
      }
      expect((await through(['app'])).status).toBe(403)
      const answer = await through(['csp'])
      expect(answer.status).toBe(200)
      expect(await answer.text()).toContain(fabrikam)
      const paused = serving.composition
      await paused.store.connections.pauseConnection({
        connection: 'csp',
        pausedAt: 1,
        by: 'x',
        reason: '',
        keepsAlive: true,
      })
      await paused.reloadConnections()
      expect(await (await through(['csp'])).json()).toMatchObject({ code: 'connection_paused' })
    } finally {
      await serving.close(0)
    }
  })
})

interface Finished {
  readonly exit: number
  readonly activated: boolean
  readonly proofs: readonly {
    readonly proof: string
    readonly outcome: string
    readonly request_ids: readonly string[]
    readonly error?: { readonly code: string; readonly detail: string }
  }[]
}

describe('a façade client of a partner’s connection', () => {
  it('calls for the partner, and in the name of none of its customers', async () => {
    await consentFor(fabrikam, { [graphId]: 'User.Read,Directory.Read.All' })
    const serving = await startServing({
      configPath: world.configPath,
      env: {},
      listen: { host: '127.0.0.1', port: 0 },
      keepAlive: false,
      logTo: { write: () => {} },
    })
    try {
      const redirectUri = 'https://app.example/callback'
      const wish = {
        name: 'crm',
        connection: 'csp',
        upstream: 'graph',
        redirectUris: [redirectUri],
      }
      const { client, secret } = await serving.facade.desk.add(wish)
      const config = await openid.discovery(
        new URL(`${serving.url}/oauth/csp`),
        client.id,
        {},
        openid.ClientSecretBasic(secret?.reveal() ?? ''),
        { execute: [openid.allowInsecureRequests] },
      )
      const asked = openid.buildAuthorizationUrl(config, { redirect_uri: redirectUri })
      const sent = await fetch(asked, { redirect: 'manual' })
      const back = new URL(sent.headers.get('location') ?? '')
      const { access_token: token } = await openid.authorizationCodeGrant(config, back)
      const through = async (address: string): Promise<number> => {
        const headers = { authorization: `Bearer ${token}` }
        const path = `/proxy/${address}/v1.0/organization`
        return (await fetch(`${serving.url}${path}`, { headers })).status
      }
      const { tenant } = world.simulator
      expect(await through(`csp@${fabrikam}:graph`)).toBe(403)
      expect(await through('csp@fabrikam.example:graph')).toBe(403)
      expect(await through('csp:graph')).toBe(200)
      expect(await through(`csp@${tenant}:graph`)).toBe(200)
    } finally {
      await serving.close(0)
    }
  })
})
