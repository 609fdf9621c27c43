import type { Operations } from '../../../../src/client/index.ts'

/** A connection as the API tells it. */
export type Connection = Operations['connections.show']['result']

/** Credentials that end within so many days are shown as soon to end. */
export const soonDays = { credential: 60, idle: 30 } as const

/** When the first of the credentials ends that an end is known of. */
export function firstCredentialEnd({ credentials = [] }: Connection): string | undefined {
  return credentials
    .flatMap(({ expires_at: at }) => (at === null ? [] : [at]))
    .toSorted()
    .at(0)
}

/** Whether somebody consents to it, so that there is a refresh token to keep alive. */
export function isConsented({ grant }: Connection): boolean {
  return grant === 'authorization_code'
}

/** Whether it stands for every tenant, and has no grant of its own. */
export function isTemplate({ state }: Connection): boolean {
  return state === 'template'
}

/**
 * How a connection stands, for people. An access token may outlive the grant that gave it: it still
 * serves, but what needs doing is what needs doing for a lapsed one.
 */
export function shownState({ state, lapsing = false }: Connection): string {
  return lapsing ? 'lapsed' : state
}

const urgency = ['lapsed', 'refresh_unknown', 'failing', 'revoked', 'paused', 'expired', 'unused']

/** Orders states by how much they need a person. */
export function byUrgency(a: string, b: string): number {
  const rank = (state: string): number => {
    const place = urgency.indexOf(state)
    return place === -1 ? urgency.length : place
  }
  return rank(a) - rank(b) || (a < b ? -1 : 1)
}

/**
 * Whether what is told of a tenant belongs to an address. One that names no tenant has one alone;
 * one that does may name it otherwise than what is told: by its domain, or by its id.
 */
export function isTenantOf(address: string, own: string | null, tenant: string | null): boolean {
  const [, named] = address.split('@')
  return named === undefined || tenant === named || tenant === own
}

/** Whether it is for Partner Center: its account acts for a partner. */
export function isPartner({ upstreams, resource }: Connection): boolean {
  const all = [resource, ...Object.values(upstreams).map((one) => one.resource)]
  return all.some((one) => one?.includes('api.partnercenter.microsoft.com'))
}
