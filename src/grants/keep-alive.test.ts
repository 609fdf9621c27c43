import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEntraProvider, createOAuth2Provider } from '../oauth/index.ts'
import type { ConnectionDefinition } from './connection.ts'
import { keepAliveAt, longestIdleMs } from './keep-alive.ts'

const now = 1_700_000_000_000
const hour = 3_600_000
const definition: ConnectionDefinition = {
  name: 'csp',
  provider: createOAuth2Provider({ tokenEndpoint: 'https://as.example/token' }),
  clientId: 'c',
  credentials: [],
  grant: 'authorization_code',
  target: { scope: 'a' },
  version: '1',
}

describe('the next renewal without a caller', () => {
  it('is none for a grant of the application that nobody wants warm', () => {
    const own: ConnectionDefinition = { ...definition, grant: 'client_credentials' }
    expect(keepAliveAt(own, { now, softAt: now + hour, jitter: 0 })).toBeUndefined()
    const warm = { ...own, refresh: { keepWarm: true } }
    expect(keepAliveAt(warm, { now, softAt: now + hour, jitter: 0.5 })).toBe(now + hour)
  })

  it('is a week away at Entra, whose refresh tokens live 90 days', () => {
    const provider = createEntraProvider({ tenant: 'contoso.example' })
    expect(keepAliveAt({ ...definition, provider }, { now, softAt: now, jitter: 0 })).toBe(
      now + longestIdleMs,
    )
  })

  it('comes before a quarter of the known life, and at most a tenth of that earlier', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 60_000, max: 400 * 24 * hour }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (lifeMs, jitter) => {
          const facts = { now, softAt: now + hour, refreshExpiresAt: now + lifeMs, jitter }
          const latest = Math.min(longestIdleMs, lifeMs / 4)
          const waitMs = (keepAliveAt(definition, facts) ?? 0) - now
          expect(waitMs).toBeLessThanOrEqual(latest)
          expect(waitMs).toBeGreaterThanOrEqual(latest * 0.9 - 1)
        },
      ),
    )
  })
})
