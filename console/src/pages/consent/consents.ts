import type { Operations } from '../../../../src/client/index.ts'
import { useList } from '../../app/calls.ts'
import { isTenantOf } from '../connections/connection.ts'

/** A sign-in as the API tells it. */
export type Consent = Operations['consents.show']['result']

/** A hand-off link as the API tells it. */
export type ConsentLink = Operations['links.show']['result']

/** The newest sign-in for a connection; undefined when there was none. */
export function useLatestConsent(
  address: string,
  tenant: string | null,
): {
  readonly consent: Consent | undefined
  /** What people call an account, where a sign-in told it. */
  readonly nameOf: (subject: string | null | undefined) => string | undefined
  readonly isLoading: boolean
  readonly error: Error | null
} {
  const [connection = address] = address.split('@')
  const { items, isLoading, error } = useList(
    'consents.list',
    { connection, limit: 50 },
    // Events come from one node; the sign-in may be finished by another one.
    { everyMs: 4_000 },
  )
  const own = items.filter((one) => isTenantOf(address, tenant, one.tenant))
  return {
    consent: own[0],
    nameOf: (subject) =>
      own.find(({ account }) => account?.subject === subject)?.account?.user_name ?? undefined,
    isLoading,
    error,
  }
}

const freshMs = 15 * 60_000

/** Whether somebody may be waiting to see how a sign-in ends, or has just seen it. */
export function isFresh({ state, state_changed_at: changedAt }: Consent): boolean {
  if (state === 'created' || state === 'code_received' || state === 'verifying') return true
  return Date.now() - new Date(changedAt).getTime() < freshMs
}
