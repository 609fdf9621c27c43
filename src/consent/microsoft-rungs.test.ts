import { describe, expect, it } from 'vitest'
import { createEntraProvider } from '../oauth/index.ts'
import { Secret, systemClock } from '../kernel/index.ts'
import { fakeJwt } from '../../test/support/fake-jwt.ts'
import type { ApiAnswer } from './call-api.ts'
import { createLadder } from './ladder.ts'
import { customersIn, mfaComplianceIn } from './microsoft-rungs.ts'

const answer = (
  json: Readonly<Record<string, unknown>> | undefined,
  headers: Readonly<Record<string, string>> = {},
): ApiAnswer => ({
  status: 200,
  headers: new Headers(headers),
  text: '',
  isCut: false,
  requestIds: [],
  json,
})

describe('what Partner Center says of the second factor', () => {
  it.each([
    [undefined, answer({})],
    [undefined, answer(undefined)],
    [undefined, answer({ isMfaCompliant: 'perhaps' })],
    [true, answer({ isMfaCompliant: true })],
    [true, answer(undefined, { isMfaCompliant: 'True' })],
    [false, answer({ isMfaCompliant: 'true' }, { isMfaCompliant: 'false' })],
  ])('is %s', (seen, said) => {
    expect(mfaComplianceIn(said)).toBe(seen)
  })

  it('decides about evidence, never about the trial', async () => {
    const target = { resource: 'https://api.partnercenter.microsoft.com' }
    const conclude = async (isCompliant: string | undefined): Promise<unknown> => {
      const headers: Readonly<Record<string, string>> =
        isCompliant === undefined ? {} : { isMfaCompliant: isCompliant }
      const asked: string[] = []
      const ladder = createLadder(
        {
          name: 'csp',
          provider: createEntraProvider({ tenant: '11111111-2222-4333-8444-555555555555' }),
          clientId: 'app',
          credentials: [],
          grant: 'authorization_code',
          target,
          version: '1',
        },
        {
          token: token(),
          idToken: new Secret(fakeJwt({})),
          refreshToken: new Secret('rt'),
        },
        {
          fetch: async (_url, init) => {
            asked.push(new Headers(init?.headers).get('validatemfa') ?? 'not asked')
            return Response.json({ id: 'p', items: [] }, { headers })
          },
          clock: systemClock,
          upstreamUrl: () => undefined,
        },
      )
      await ladder.prove?.(target, token())
      expect(asked).toEqual(['true', 'true'])
      return ladder.conclude?.().find(({ proof }) => proof === 'multi-factor authentication')
    }
    expect(await conclude('true')).toMatchObject({ outcome: 'passed' })
    expect(await conclude('false')).toMatchObject({
      outcome: 'unverified',
      error: { code: 'interaction_required' },
    })
    expect(await conclude(undefined)).toMatchObject({ outcome: 'unverified' })
  })
})

function token(): {
  readonly secret: Secret
  readonly tokenType: string
  readonly issuedAt: number
  readonly expiresAt: number
} {
  return { secret: new Secret(fakeJwt({})), tokenType: 'Bearer', issuedAt: 0, expiresAt: 1 }
}

describe('a list of customers', () => {
  it('is one whatever stands in it, and anything else is none', () => {
    expect(customersIn(answer({ items: [null, 1, {}, { id: '' }, { id: 'a' }] }))).toEqual(['a'])
    expect(customersIn(answer({ items: {} }))).toBeUndefined()
    expect(customersIn(answer(undefined))).toBeUndefined()
  })
})
