import { readFile, writeFile } from 'node:fs/promises'
import { EvergrantError } from '../kernel/index.ts'
import type { Serving } from '../server/index.ts'
import type { Simulator } from '../simulator/index.ts'
import type { CliContext } from './context.ts'
import { startDemoService } from './demo-service.ts'

/** How the demo’s callers are found, as it stands in the configuration. */
export const demoMatch = '{ claim: oid, column: id }'
/** The same by a claim that these tokens do not have. */
const mistakenMatch = '{ claim: email, column: mail, acceptMutable: true }'

const hourMs = 3_600_000

/**
 * The demo’s third act: a user calls an API with a token of its own and is found to be one account
 * of all that were imported; then the same token meets a rule whose claim it lacks, and a token of
 * two hours ago is brought. Each refusal says what is really wrong. The real service answers; the
 * configuration is as before when it is over.
 *
 * @returns What it has shown; nothing where no user was imported.
 */
export async function playBearer(
  { io }: CliContext,
  simulator: Simulator,
  configPath: string,
  act = 'three',
): Promise<string> {
  const user = someUser(simulator)
  if (user === undefined) return ''
  const written = await readFile(configPath, 'utf8')
  const serving = await startDemoService(io, configPath, { keepAlive: false })
  try {
    const token = await tokenOf(serving, simulator, user)
    // The first call of an issuer fetches its keys.
    const first = await verify(serving, token)
    const fresh = await verify(serving, token)
    if (first.status !== 200 || fresh.account !== user.id) {
      throw new EvergrantError('internal', `a fresh token was answered with ${first.status}`)
    }
    simulator.control.advanceClock(-2 * hourMs)
    const old = await tokenOf(serving, simulator, user)
    simulator.control.advanceClock(2 * hourMs)
    const expired = await verify(serving, old)
    await writeFile(configPath, written.replace(demoMatch, mistakenMatch))
    await serving.reload()
    const mistaken = await verify(serving, token)
    return `
Act ${act}: an API that users call with tokens of their own, and that tells the truth
  a fresh token of ${user.name}
    ${fresh.status}  account ${fresh.account}, one of ${simulator.userCount().toLocaleString('en-US')}, in ${fresh.tookMs.toFixed(1)} ms
  the same token, where a rule asks for the claim "email"
    ${mistaken.status}  ${mistaken.told}
  a token from two hours ago
    ${expired.status}  ${expired.told}
`
  } finally {
    await writeFile(configPath, written)
    await serving.close(0)
  }
}

interface DemoUser {
  readonly id: string
  readonly name: string
}

/** Somebody who may sign in. */
function someUser(simulator: Simulator): DemoUser | undefined {
  const columns = ['id', 'userPrincipalName', 'accountEnabled', 'userType']
  for (const user of simulator.users(undefined, columns)) {
    const { id, userPrincipalName, accountEnabled, userType } = user
    if (accountEnabled !== true || userType !== 'Member') continue
    return { id: String(id), name: String(userPrincipalName) }
  }
  return undefined
}

/** A token as the user’s own application gets one, for the API of the demo. */
async function tokenOf(
  { composition }: Serving,
  { control, urls, tenant, client }: Simulator,
  { name }: DemoUser,
): Promise<string> {
  const scope = `api://${client.id}/user_impersonation`
  const answer = await composition.fetch(`${urls.authority}/${tenant}/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: control.issueRefreshToken({ user: name, scope: `${scope} offline_access` }),
      client_id: client.id,
      client_secret: client.secret,
      scope,
    }),
  })
  const { access_token: token } = (await answer.json()) as { readonly access_token?: string }
  if (token !== undefined) return token
  throw new EvergrantError('internal', `the simulator gave a user no token: ${answer.status}`)
}

interface Verified {
  readonly status: number
  readonly account: string | null
  /** Code, detail and remedy of a refusal. */
  readonly told: string
  readonly tookMs: number
}

/** What a reverse proxy is told of a request with that token. */
async function verify({ composition, url }: Serving, token: string): Promise<Verified> {
  const { clock } = composition
  const beganAt = clock.monotonic()
  const answer = await composition.fetch(`${url}/auth/verify`, {
    headers: { authorization: `Bearer ${token}` },
  })
  const text = await answer.text()
  const tookMs = clock.monotonic() - beganAt
  const problem = (text === '' ? {} : JSON.parse(text)) as Readonly<Record<string, string>>
  const { code = '', detail = '', remedy = '' } = problem
  return {
    status: answer.status,
    account: answer.headers.get('evergrant-account'),
    told: `${code}: ${detail}\n         → ${remedy}`,
    tookMs,
  }
}
