import { EvergrantError } from '../kernel/index.ts'
import type { Serving } from '../server/index.ts'
import type { SimulatedTenant, Simulator } from '../simulator/index.ts'
import type { CliContext } from './context.ts'
import { createDemoPerson, type DemoPerson } from './demo-person.ts'
import { startDemoService } from './demo-service.ts'

/** The connection of a partner: one grant for three APIs. */
export const demoPartner = 'csp'

const administrator = 'anna@contoso.example'
const password = 'demo-password'

/** Who signs in for it: with a password and an authenticator app, which the demo reads off. */
export const demoAccounts: NonNullable<SimulatedTenant['accounts']> = [
  {
    userPrincipalName: administrator,
    displayName: 'Anna Administrator',
    password,
    roles: ['Global Administrator'],
    groups: ['AdminAgents'],
  },
]

/** Permissions that the demo’s application asks people for. */
export const demoPermissions = ['User.Read', 'Directory.Read.All'] as const

/** The connection as it stands in the demo’s configuration. */
export function demoPartnerConfig({ urls, client }: Simulator): string {
  return `  ${demoPartner}:
    provider: contoso
    client:
      id: ${client.id}
      credentials:
        - secret: { file: ./client-secret }
    grant: authorization_code
    upstreams:
      partner: { url: ${urls.http}/partner, resource: https://api.partnercenter.microsoft.com }
      graph: { url: ${urls.graph}, resource: https://graph.microsoft.com }
      arm: { url: ${urls.http}/arm, resource: https://management.azure.com }
`
}

/** Each API of the partner, and what of it is called. */
const calls = [
  ['partner', '/v1/profiles/organization', 'Partner Center'],
  ['graph', '/v1.0/me', 'Microsoft Graph'],
  ['arm', '/subscriptions?api-version=2022-12-01', 'Azure Resource Manager'],
] as const

/** So often the person looks whether the proofs are through, a tenth of a second apart. */
const mostLooks = 300

/**
 * The tour’s first act: an operator makes a hand-off link, an administrator opens it, signs in at
 * the provider’s own pages with password and authenticator code, accepts, and reads what happened;
 * the refresh token is proven against three APIs before it serves, and then all three are called on
 * the one grant. The real service and its pages answer.
 *
 * @returns What it has shown.
 */
export async function playConsent(
  { io }: CliContext,
  simulator: Simulator,
  configPath: string,
): Promise<string> {
  const serving = await startDemoService(io, configPath, { keepAlive: false })
  try {
    const operator = await serving.callerDesk.add({
      name: 'tour',
      connections: [demoPartner],
      role: 'operator',
    })
    const ask = apiOf(serving, operator.key.reveal())
    const { url, link } = (await ask('POST', `/api/v1/connections/${demoPartner}/links`, {
      recipient: 'Anna Administrator',
    })) as { readonly url: string; readonly link: { readonly id: string } }
    const person = createDemoPerson(serving.composition.fetch)
    const seen = await signIn(person, simulator, url, serving)
    const { consent_id: consentId } = (await ask('GET', `/api/v1/links/${link.id}`)) as {
      readonly consent_id: string
    }
    const consent = (await ask('GET', `/api/v1/consents/${consentId}`)) as {
      readonly state: string
      readonly rungs: readonly { readonly title: string; readonly outcome: string }[]
    }
    if (consent.state !== 'active') {
      throw new EvergrantError('internal', `the consent should be active, not ${consent.state}`)
    }
    const answers: string[] = []
    for (const [upstream, path, name] of calls) {
      const answer = await serving.composition.fetch(
        `${serving.url}/proxy/${demoPartner}:${upstream}${path}`,
        { headers: { authorization: `Bearer ${operator.key.reveal()}` } },
      )
      await answer.arrayBuffer()
      if (answer.status !== 200) {
        throw new EvergrantError('internal', `${name} answered ${answer.status}`)
      }
      answers.push(`  ${name.padEnd(24)} ${answer.status}`)
    }
    const rungs = consent.rungs.map(({ title, outcome }) => `    ${outcome.padEnd(10)} ${title}`)
    return `
First act: an administrator’s consent, by a hand-off link
  what the administrator saw
${seen.map((heading) => `    ${heading}`).join('\n')}
  what the new refresh token had to prove before it served
${rungs.join('\n')}
  then, on this one grant, through the gateway
${answers.map((line) => `  ${line}`).join('\n')}
`
  } finally {
    await serving.close(0)
  }
}

/** Goes from the link to the end; the headings of the pages on the way. */
async function signIn(
  person: DemoPerson,
  { control }: Simulator,
  url: string,
  { composition: { clock } }: Serving,
): Promise<readonly string[]> {
  const typed = {
    username: () => administrator,
    password: () => password,
    otc: () => control.totp(administrator),
  }
  const first = await person.open(url)
  const seen = [first.heading]
  const isOurs = (at: string): boolean => new URL(at).host === new URL(url).host
  let page = await person.submit(typed)
  while (!isOurs(page.url)) {
    seen.push(page.heading)
    page = await person.submit(typed)
  }
  seen.push(page.heading)
  for (let left = mostLooks; left > 0 && page.isGoingOn; left--) {
    await clock.sleep(100)
    page = await person.open(page.url)
    if (page.heading !== seen.at(-1)) seen.push(page.heading)
  }
  return seen
}

/** Asks the service’s API as an operator’s program does. */
function apiOf(
  { composition, url }: Serving,
  key: string,
): (method: string, path: string, body?: object) => Promise<unknown> {
  return async (method, path, body) => {
    const answer = await composition.fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const read: unknown = await answer.json()
    if (answer.ok) return read
    throw new EvergrantError('internal', `${method} ${path} answered ${JSON.stringify(read)}`)
  }
}
