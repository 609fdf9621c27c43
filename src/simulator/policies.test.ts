import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startSimulator, type RefreshTokenWish, type SimulatedPolicy } from './index.ts'
import type { Simulator } from './index.ts'

const partner = 'https://api.partnercenter.microsoft.com'
const day = 86_400_000
let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator({
    tenants: [
      {
        id: '11111111-2222-4333-8444-555555555555',
        users: 5,
        policies: [{ code: 50076, audience: partner }],
      },
      { id: '22222222-2222-4333-8444-555555555555', users: 5, domain: 'other.example' },
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
): Promise<Answer> {
  const form = {
    grant_type: 'refresh_token',
    refresh_token: token,
    client_id: simulator.client.id,
    client_secret: simulator.client.secret,
    ...fields,
  }
  const url = `${simulator.urls.authority}/${simulator.tenant}/oauth2/v2.0/token`
  const answer = await fetch(url, { method: 'POST', body: new URLSearchParams(form) })
  return { status: answer.status, body: (await answer.json()) as Answer['body'] }
}

const issue = (wish?: RefreshTokenWish): string => simulator.control.issueRefreshToken(wish)

test('a policy of the start stands until it is lifted, and again after a reset', async () => {
  const forPartner = { scope: `${partner}/.default` }
  const weak = issue({ hasMfa: false })
  const refused = await refresh(weak, forPartner)
  expect(refused.body).toMatchObject({ error_codes: [50076], suberror: 'basic_action' })
  expect(refused.body['claims']).toContain('polids')
  expect((await refresh(weak)).status).toBe(200)
  expect((await refresh(issue(), forPartner)).status).toBe(200)
  simulator.control.setPolicies([])
  expect((await refresh(weak, forPartner)).status).toBe(200)
  simulator.control.reset()
  const again = issue({ hasMfa: false })
  expect((await refresh(again, forPartner)).body).toMatchObject({ error_codes: [50076] })
})

const mfaCodes = [50072, 50074, 50076, 50078, 50079]
test.each(mfaCodes)(
  '%i asks for a second factor, and a sign-in that had one passes',
  async (code) => {
    simulator.control.setPolicies([{ code }])
    expect((await refresh(issue({ hasMfa: false }))).body).toMatchObject({ error_codes: [code] })
    expect((await refresh(issue())).status).toBe(200)
  },
)

test.each([50078, 70043])('%i refuses a sign-in once it is too old', async (code) => {
  simulator.control.setPolicies([{ code, seconds: 3_600 }])
  const token = issue()
  expect((await refresh(token)).status).toBe(200)
  simulator.control.advanceClock(3_601_000)
  expect((await refresh(token)).body).toMatchObject({ error_codes: [code] })
})

/** What an operator can meet, by number. */
const told = [
  50020, 50034, 50053, 50057, 50105, 50126, 50173, 50177, 50196, 53000, 53003, 530032, 530035,
  65001, 70000, 70008, 70011, 70043, 700003, 700082, 90002, 90055, 90094, 90095, 90099, 500011,
  650051, 650052, 650057, 700005, 700011, 700016, 700022, 7000215, 7000222, 700027, 900144, 901002,
  50033, 50011, 54005, 501481, 65004,
]
test.each(told)('%i can be scripted: as a policy, and as a fault that comes once', async (code) => {
  const { control } = simulator
  const policy: SimulatedPolicy = { code }
  control.setPolicies([policy])
  const byPolicy = await refresh(issue())
  expect(byPolicy.body).toMatchObject({ error_codes: [code] })
  expect(byPolicy.body['error_description']).not.toContain('A simulated refusal')
  control.setPolicies([])
  control.addFault({ match: { kind: 'token' }, effect: { kind: 'aadsts', code } })
  const byFault = await refresh(issue())
  expect([byFault.status, byFault.body['error']]).toEqual([byPolicy.status, byPolicy.body['error']])
  expect((await refresh(issue())).status).toBe(200)
})

test.each([
  ['isLocked', 50053],
  ['isUnassigned', 50105],
  ['isDisabled', 50057],
  ['isBlocked', 53003],
] as const)('an account that %s gets no token: %i', async (member, code) => {
  const name = simulator.account().userPrincipalName
  const token = issue()
  simulator.control.setAccount(name, { [member]: true })
  expect((await refresh(token)).body).toMatchObject({ error_codes: [code] })
  simulator.control.setAccount(name, { [member]: false })
  expect((await refresh(token)).status).toBe(200)
})

test('an unused refresh token is good on day 90 and dead on day 91; use starts the count anew', async () => {
  const [unused, late, used] = [issue(), issue(), issue()]
  simulator.control.advanceClock(60 * day)
  expect((await refresh(used)).status).toBe(200)
  simulator.control.advanceClock(30 * day - 60_000)
  expect((await refresh(late)).status).toBe(200)
  simulator.control.advanceClock(day)
  expect((await refresh(unused)).body).toMatchObject({
    error: 'invalid_grant',
    error_codes: [700082],
  })
  expect((await refresh(used)).status).toBe(200)
})

test('revoked sessions answer 50173, and later ones are untouched', async () => {
  const before = issue()
  simulator.control.revokeSessions()
  expect((await refresh(before)).body).toMatchObject({ error_codes: [50173] })
  expect((await refresh(issue())).status).toBe(200)
})

test('a secret that expires on the way answers 7000222', async () => {
  const { secret } = simulator.client
  const token = issue()
  simulator.control.setSecrets([{ value: secret, expiresAt: simulator.now() + day }])
  expect((await refresh(token)).status).toBe(200)
  simulator.control.advanceClock(day)
  expect((await refresh(token)).body).toMatchObject({
    error: 'invalid_client',
    error_codes: [7000222],
  })
})

test('a new secret is unknown until every server knows it', async () => {
  const { secret } = simulator.client
  const token = issue()
  simulator.control.setSecrets([{ value: secret, startsAt: simulator.now() + 60_000 }])
  expect((await refresh(token)).body).toMatchObject({ error_codes: [7000215] })
  simulator.control.advanceClock(60_000)
  expect((await refresh(token)).status).toBe(200)
})

test('the control over HTTP sets policies and tells the code of an authenticator app', async () => {
  const post = (name: string, body: unknown): Promise<Response> =>
    fetch(`${simulator.urls.http}/_control/${name}`, { method: 'POST', body: JSON.stringify(body) })
  expect((await post('set-policies', { policies: [{ code: 'x' }] })).status).toBe(400)
  expect((await post('set-policies', { policies: [{ code: 53003 }] })).status).toBe(200)
  expect((await refresh(issue())).body).toMatchObject({ error_codes: [53003] })
  expect(await (await post('totp', {})).json()).toEqual({
    code: expect.stringMatching(/^\d{6}$/) as unknown,
  })
})
