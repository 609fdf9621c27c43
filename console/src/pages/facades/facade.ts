import type { Operations } from '../../../../src/client/index.ts'

/** A façade client as the API tells it. */
export type FacadeClient = Operations['facades.show']['result']

/** How long an approval holds (ms). */
const approvalMs = 600_000

/** Whether a client is served, waits for somebody, or is over. */
export function stateOf(client: FacadeClient, now: number): 'active' | 'waiting' | 'revoked' {
  if (client.revoked_at !== undefined) return 'revoked'
  if (!client.public || (client.authorizations ?? 0) > 0) return 'active'
  const approvedAt = client.approved_at === undefined ? 0 : Date.parse(client.approved_at)
  return approvedAt + approvalMs > now ? 'active' : 'waiting'
}

/** `connection`, or `connection:upstream`, as calls address it. */
export function targetOf({ connection, upstream }: FacadeClient): string {
  return upstream === undefined ? connection : `${connection}:${upstream}`
}

/** Addresses that a client is told, by what they are for. */
export function addressesOf(
  client: FacadeClient,
  origin: string,
): Readonly<Record<'authorize' | 'token' | 'userInfo' | 'metadata' | 'calls', string>> {
  const issuer = `${origin}/oauth/${client.connection}`
  return {
    authorize: `${issuer}/authorize`,
    token: `${issuer}/token`,
    userInfo: `${issuer}/userinfo`,
    metadata: `${issuer}/.well-known/oauth-authorization-server`,
    calls: `${origin}/proxy/${targetOf(client)}`,
  }
}
