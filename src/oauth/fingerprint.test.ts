import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Secret } from '../kernel/index.ts'
import { fingerprintCredentials, type CredentialMark } from './fingerprint.ts'

const secret = (text: string): CredentialMark => ({ kind: 'secret', secret: new Secret(text) })
const certificate = (text: string): CredentialMark => ({
  kind: 'certificate',
  secret: new Secret(text),
})

describe('the version of a client’s credentials', () => {
  it('differs by client, value, kind, order and number', async () => {
    const versions = await Promise.all([
      fingerprintCredentials('a', []),
      fingerprintCredentials('b', []),
      fingerprintCredentials('a', [secret('x')]),
      fingerprintCredentials('a', [secret('y')]),
      fingerprintCredentials('a', [secret('x'), secret('y')]),
      fingerprintCredentials('a', [secret('y'), secret('x')]),
      fingerprintCredentials('a', [certificate('x')]),
      fingerprintCredentials('a', [{ kind: 'federated', position: 0 }]),
      fingerprintCredentials('a', [{ kind: 'federated', position: 1 }]),
    ])
    expect(new Set(versions).size).toBe(versions.length)
  })

  it('is what it was when there were only secrets', async () => {
    expect(await fingerprintCredentials('client-1', [secret('s3cret')])).toBe(
      'a892e3312313e11d5f731121',
    )
  })

  it('is 24 hexadecimal digits, the same each time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.array(fc.string()), async (clientId, secrets) => {
        const marks = secrets.map(secret)
        const version = await fingerprintCredentials(clientId, marks)
        expect(version).toMatch(/^[\da-f]{24}$/)
        expect(await fingerprintCredentials(clientId, marks)).toBe(version)
      }),
      { numRuns: 10 },
    )
  })
})
