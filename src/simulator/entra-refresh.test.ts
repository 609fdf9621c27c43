import * as fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { fingerprintOf, startSimulator, type Rotation, type Simulator } from './index.ts'
import { createSessionLedger } from './sessions.ts'

const otherClient = '2f0c0000-1111-4222-8333-000000000002'
let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator({
    tenants: [
      {
        id: '11111111-2222-4333-8444-555555555555',
        users: 50,
        accounts: [{ userPrincipalName: 'partner@contoso.example', displayName: 'Partner' }],
        applications: [
          { id: '2f0c0000-1111-4222-8333-000000000001', secrets: [{ value: 'first' }] },
          { id: otherClient, isPublic: true },
        ],
      },
    ],
  })
})
beforeEach(() => simulator.control.reset())
afterAll(() => simulator.close())

interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

async function refresh(
  token: string,
  fields: Readonly<Record<string, string>> = {},
  endpoint = 'oauth2/v2.0/token',
): Promise<Answer> {
  const url = `${simulator.urls.authority}/${simulator.tenant}/${endpoint}`
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: simulator.client.id,
    ...(fields['client_id'] === undefined ? { client_secret: 'first' } : {}),
    refresh_token: token,
    ...fields,
  })
  const response = await fetch(url, { method: 'POST', body })
  return { status: response.status, body: (await response.json()) as Answer['body'] }
}

async function next(token: string, fields: Readonly<Record<string, string>> = {}): Promise<string> {
  const { status, body } = await refresh(token, fields)
  expect(status).toBe(200)
  return String(body['refresh_token'])
}

function claimsOf(jwt: unknown): Readonly<Record<string, unknown>> {
  const [, payload = ''] = String(jwt).split('.')
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
}

const issue = (): string => simulator.control.issueRefreshToken()
const user = 'partner@contoso.example'
const refusal = (code: number, suberror?: string): object => ({
  status: 400,
  body: {
    error: 'invalid_grant',
    error_codes: [code],
    ...(suberror === undefined ? {} : { suberror }),
  },
})
const day = 86_400_000

test('an unknown refresh token is 70000, and so is another client’s', async () => {
  expect(await refresh('0.AnotOurs')).toMatchObject(refusal(70000))
  expect(await refresh(issue(), { client_id: otherClient })).toMatchObject(refusal(70000))
})

test('a public client must send no secret, and needs none', async () => {
  const token = simulator.control.issueRefreshToken({ clientId: otherClient })
  const refused = await refresh(token, { client_id: otherClient, client_secret: 'any' })
  expect(refused).toMatchObject({ status: 401, body: { error_codes: [700025] } })
  expect((await refresh(token, { client_id: otherClient })).status).toBe(200)
})

test('ninety idle days end a refresh token, eighty-nine do not', async () => {
  const token = issue()
  simulator.control.advanceClock(89 * day)
  const successor = await next(token)
  simulator.control.advanceClock(89 * day)
  const third = await next(successor)
  simulator.control.advanceClock(90 * day + 1)
  const answer = await refresh(third)
  expect(answer).toMatchObject(refusal(700082, 'bad_token'))
  expect(answer.body['error_description']).toContain('inactive for 90.00:00:00')
})

test('revoked sessions, disabled and deleted users are refused, later sign-ins are not', async () => {
  const { control } = simulator
  const token = issue()
  control.revokeSessions(user)
  expect(await refresh(token)).toMatchObject(refusal(50173))
  const later = issue()
  expect((await refresh(later)).status).toBe(200)
  control.setAccount(user, { isDisabled: true })
  expect(await refresh(later)).toMatchObject(refusal(50057))
  control.setAccount(user, { isDisabled: false })
  expect((await refresh(later)).status).toBe(200)
  control.revokeSessions()
  expect(await refresh(later)).toMatchObject(refusal(50173))
  control.setAccount(user, { isDeleted: true })
  expect(await refresh(later)).toMatchObject(refusal(50034))
})

test('sign-in frequency, a second factor and Conditional Access stand in the way, with claims', async () => {
  const { control } = simulator
  const token = issue()
  control.setSignInFrequency(3_600)
  control.advanceClock(3_600_001)
  const late = await refresh(token)
  expect(late).toMatchObject(refusal(70043, 'token_expired'))
  expect(late.body['error_description']).toContain(
    'maximum allowed lifetime for this request is 3600.',
  )
  control.setSignInFrequency(null)
  control.setAccount(user, { isMfaRequired: true })
  const mfa = await refresh(token)
  expect(mfa).toMatchObject(refusal(50076, 'basic_action'))
  expect(JSON.parse(String(mfa.body['claims']))).toHaveProperty('access_token.polids.values')
  expect(await refresh(control.issueRefreshToken({ hasMfa: false }))).toMatchObject(refusal(50076))
  expect((await refresh(issue())).status).toBe(200)
  control.setAccount(user, { isBlocked: true })
  const blocked = await refresh(issue())
  expect(blocked).toMatchObject(refusal(53003, 'message_only'))
  expect(JSON.parse(String(blocked.body['claims']))).toHaveProperty('access_token.capolids.values')
})

test('Conditional Access can stop an application as well as a user', async () => {
  simulator.control.setApplicationBlocked(true)
  const own = { grant_type: 'client_credentials', scope: 'https://graph.microsoft.com/.default' }
  expect(await refresh('', own)).toMatchObject(refusal(53003, 'message_only'))
  simulator.control.setApplicationBlocked(false)
  expect((await refresh('', own)).status).toBe(200)
})

test('consent can be withdrawn for one resource or for all', async () => {
  const token = issue()
  simulator.control.withdrawConsent('https://management.azure.com')
  const arm = { scope: 'https://management.azure.com/.default' }
  expect(await refresh(token, arm)).toMatchObject(refusal(65001, 'consent_required'))
  expect((await refresh(token)).status).toBe(200)
  simulator.control.withdrawConsent()
  expect(await refresh(token)).toMatchObject(refusal(65001))
})

test('an unknown resource is refused and spends nothing', async () => {
  simulator.control.setRotation({ model: 'strict' })
  const token = issue()
  const answer = await refresh(token, { scope: 'https://nowhere.example/.default' })
  expect(answer).toMatchObject({ status: 400, body: { error_codes: [500011] } })
  expect((await refresh(token)).status).toBe(200)
})

test('at Entra a used refresh token stays valid beside the new one', async () => {
  const token = issue()
  const successor = await next(token)
  expect(successor).not.toBe(token)
  for (const each of [token, successor, token]) await next(each)
  expect(simulator.stats()).toMatchObject({ refreshTokensReused: 2, reuseDetected: 0 })
})

test('strict rotation: reuse ends the family and its access tokens', async () => {
  simulator.control.setRotation({ model: 'strict' })
  const token = issue()
  const { body } = await refresh(token)
  const bearer = { headers: { authorization: `Bearer ${String(body['access_token'])}` } }
  const me = `${simulator.urls.graph}/v1.0/me`
  expect((await fetch(me, bearer)).status).toBe(200)
  expect(await refresh(token)).toMatchObject(refusal(70008, 'bad_token'))
  expect(await refresh(String(body['refresh_token']))).toMatchObject(refusal(70008))
  expect((await fetch(me, bearer)).status).toBe(401)
  expect(simulator.stats()).toMatchObject({ refreshTokensReused: 1, reuseDetected: 1 })
})

test('within its grace a spent token works, after it the family ends', async () => {
  simulator.control.setRotation({ model: 'strict', graceSeconds: 30, killsAccessTokens: 'never' })
  const token = issue()
  const { body } = await refresh(token)
  simulator.control.advanceClock(28_000)
  await next(token)
  simulator.control.advanceClock(2_001)
  expect(await refresh(token)).toMatchObject(refusal(70008))
  expect(await refresh(String(body['refresh_token']))).toMatchObject(refusal(70008))
  const headers = { authorization: `Bearer ${String(body['access_token'])}` }
  expect((await fetch(`${simulator.urls.graph}/v1.0/me`, { headers })).status).toBe(200)
})

test('a grace can be counted, a rotation can kill access tokens, and a static token stays', async () => {
  const { control } = simulator
  control.setRotation({ model: 'strict', graceSeconds: 30, graceUses: 1 })
  const token = issue()
  await next(token)
  await next(token)
  expect(await refresh(token)).toMatchObject(refusal(70008))
  control.setRotation({ model: 'strict', killsAccessTokens: 'on_refresh' })
  const first = await refresh(issue())
  const second = await refresh(String(first.body['refresh_token']))
  const statuses = await Promise.all(
    [first, second].map(async ({ body }) => {
      const headers = { authorization: `Bearer ${String(body['access_token'])}` }
      return (await fetch(`${simulator.urls.graph}/v1.0/me`, { headers })).status
    }),
  )
  expect(statuses).toEqual([401, 200])
  control.setRotation({ model: 'static' }, { clientId: simulator.client.id })
  const still = await refresh(issue())
  expect(still.body).not.toHaveProperty('refresh_token')
})

test('one refresh token serves several resources; of several named, the first', async () => {
  const token = issue()
  const scope =
    'https://api.partnercenter.microsoft.com/user_impersonation https://management.azure.com/.default openid'
  const { body } = await refresh(token, { scope })
  expect(claimsOf(body['access_token'])).toMatchObject({
    aud: 'https://api.partnercenter.microsoft.com',
    scp: 'user_impersonation',
    upn: user,
    tid: simulator.tenant,
  })
  expect(body['scope']).toBe('openid https://api.partnercenter.microsoft.com/user_impersonation')
  expect(claimsOf(body['id_token'])).toMatchObject({
    iss: simulator.urls.issuer(),
    aud: simulator.client.id,
    oid: simulator.account(user).id,
    preferred_username: user,
  })
})

test('the v1 endpoint writes numbers as texts and names the resource', async () => {
  const answer = await refresh(issue(), { resource: 'https://graph.microsoft.com' }, 'oauth2/token')
  expect(answer.body).toMatchObject({ expires_in: '3599', resource: 'https://graph.microsoft.com' })
  expect(answer.body['expires_on']).toMatch(/^\d{10}$/)
})

test('every request stands in the log, refresh tokens by fingerprint alone', async () => {
  simulator.control.setRotation({ model: 'strict' })
  const token = issue()
  const successor = await next(token)
  await refresh(token)
  const log = simulator.control.tokenRequests()
  expect(log).toMatchObject([
    {
      number: 1,
      grantType: 'refresh_token',
      clientId: simulator.client.id,
      authentication: 'secret_post',
      refreshToken: fingerprintOf(token),
      outcome: 'issued',
      isReuse: false,
      issuedRefreshToken: fingerprintOf(successor),
      answer: 200,
    },
    { number: 2, outcome: 'refused', isReuse: true, isReuseDetected: true, code: 70008 },
  ])
  for (const secret of [token, successor, 'first"']) {
    expect(JSON.stringify(log)).not.toContain(secret)
  }
})

test('another process gets refresh tokens and the log over the control API', async () => {
  const control = `${simulator.urls.http}/_control`
  const post = (name: string, body: unknown): Promise<Response> =>
    fetch(`${control}/${name}`, { method: 'POST', body: JSON.stringify(body) })
  expect((await post('issue-refresh-token', { user: 'nobody' })).status).toBe(400)
  expect((await post('set-rotation', { rotation: { model: 'odd' } })).status).toBe(400)
  const issued = (await (await post('issue-refresh-token', { user })).json()) as {
    refresh_token: string
  }
  await next(issued.refresh_token)
  const several = (await (await post('issue-refresh-token', { count: 3 })).json()) as {
    refresh_tokens: string[]
  }
  expect(new Set(several.refresh_tokens).size).toBe(3)
  await post('set-account', { user, isDisabled: true })
  expect(await refresh(issued.refresh_token)).toMatchObject(refusal(50057))
  const log = (await (await fetch(`${control}/token-requests`)).json()) as unknown[]
  expect(log).toHaveLength(2)
})

/** What a family must look like from outside, whatever order its tokens are used in. */
test('a family survives any order of uses unless its model forbids one', () => {
  const rotations: Rotation[] = [
    { model: 'overlap' },
    { model: 'static' },
    { model: 'strict' },
    { model: 'strict', graceSeconds: 10 },
  ]
  let drawn = 0
  const random = (size: number): Uint8Array => {
    const bytes = Buffer.alloc(size)
    bytes.writeUInt32BE(++drawn)
    return bytes
  }
  const uses = fc.array(fc.record({ pick: fc.nat(5), wait: fc.nat(8_000) }), { maxLength: 12 })
  fc.assert(
    fc.property(fc.constantFrom(...rotations), uses, (rotation, steps) => {
      const ledger = createSessionLedger(random)
      const session = ledger.begin({
        realm: 'r',
        clientId: 'c',
        account: { id: 'u', userPrincipalName: 'u@x', displayName: 'U' },
        scopes: [],
        resource: undefined,
        authenticatedAt: 0,
        hasMfa: true,
      })
      const tokens = [ledger.mint(session, 0)]
      const firstUse = new Map<string, number>()
      let now = 0
      let isDead = false
      for (const { pick, wait } of steps) {
        now += wait
        const token = tokens[pick % tokens.length] as string
        const usedAt = firstUse.get(token)
        const graceMs = rotation.model === 'strict' ? (rotation.graceSeconds ?? 0) * 1_000 : 0
        const isWithinGrace = usedAt !== undefined && graceMs > 0 && now - usedAt <= graceMs
        const isForbidden = rotation.model === 'strict' && usedAt !== undefined && !isWithinGrace
        const terms = { realm: 'r', clientId: 'c', rotation, idleMs: 1e9, now }
        const judged = ledger.judge(token, terms)
        const expected = isDead ? 'ended' : isForbidden ? 'reused' : undefined
        expect(judged.ok ? undefined : judged.error.kind).toBe(expected)
        if (!judged.ok) {
          isDead = true
          continue
        }
        firstUse.set(token, usedAt ?? now)
        const successor = ledger.rotate(token, terms)
        expect(successor === undefined).toBe(rotation.model === 'static')
        if (successor !== undefined) tokens.push(successor)
      }
    }),
  )
})
