import { describe, expect, it } from 'vitest'
import type { ConsentLink, LinkedConsent } from './link-ports.ts'
import { linkStateOf, refuseLink } from './link-state.ts'

/** A link that can be used from 10 to 1,000. */
const aLink = (over: Partial<ConsentLink> = {}, consent?: Partial<LinkedConsent>): ConsentLink => ({
  id: 'lnk_1',
  tokenHash: 'hash',
  connection: 'csp',
  tenant: 'contoso.example',
  recipient: 'Anna',
  approvesAccount: false,
  createdBy: 'alex',
  createdAt: 10,
  expiresAt: 1_000,
  ...over,
  ...(consent === undefined
    ? {}
    : {
        consent: { id: 'cns_1', state: 'created', stateChangedAt: 50, expiresAt: 600, ...consent },
      }),
})

describe('where a link stands', () => {
  it.each([
    ['created', aLink(), 100],
    ['opened', aLink({ openedAt: 20 }), 100],
    ['started', aLink({ openedAt: 20 }, {}), 100],
    // The sign-in ran out, the link did not.
    ['opened', aLink({ openedAt: 20 }, {}), 700],
    ['opened', aLink({ openedAt: 20 }, { state: 'cancelled' }), 100],
    ['code_received', aLink({}, { state: 'code_received' }), 2_000],
    ['verifying', aLink({ revokedAt: 60 }, { state: 'verifying' }), 100],
    ['active', aLink({ revokedAt: 60 }, { state: 'active' }), 2_000],
    ['failed', aLink({}, { state: 'failed' }), 2_000],
    ['revoked', aLink({ revokedAt: 60 }, { state: 'failed' }), 100],
    ['revoked', aLink({ revokedAt: 60 }), 2_000],
    // Begun in time, it may come back afterwards.
    ['started', aLink({ expiresAt: 300 }, {}), 400],
    ['expired', aLink(), 1_000],
  ] as const)('%s', (state, link, now) => {
    expect(linkStateOf(link, now).state).toBe(state)
  })
})

describe('whether a link can begin a sign-in', () => {
  it.each([
    ['consent_link_revoked', aLink({ revokedAt: 60 }), 100],
    ['consent_link_used', aLink({}, { state: 'active' }), 100],
    ['consent_link_used', aLink({}, { state: 'verifying' }), 100],
    ['consent_link_used', aLink({}, { state: 'failed', failureCode: 'consent_wrong_tenant' }), 100],
    ['consent_link_expired', aLink({}, { state: 'failed' }), 1_000],
    ['consent_link_expired', aLink({ expiresAt: 300 }, {}), 400],
    [undefined, aLink({}, { state: 'failed', failureCode: 'consent_wrong_account' }), 100],
    [undefined, aLink({ openedAt: 20 }, {}), 100],
    [undefined, aLink(), 999],
  ] as const)('%s', (code, link, now) => {
    expect(refuseLink(link, now)?.code).toBe(code)
  })
})
