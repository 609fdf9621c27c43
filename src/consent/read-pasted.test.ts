import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hashState, readPasted, type Pasted } from './read-pasted.ts'

const read = (text: string): Pasted => {
  const result = readPasted(text)
  if (!result.ok) throw result.error
  return result.value
}
const codeIn = ({ outcome }: Pasted): string | undefined =>
  outcome.kind === 'code' ? outcome.code.reveal() : undefined

describe('what somebody pastes', () => {
  it.each([
    ['', 'there is nothing'],
    [' \n\t ', 'there is nothing'],
    ['I clicked on Accept', 'several words'],
    ['x'.repeat(20_000), 'more than 16384 characters'],
    ['kód', 'characters that no code has'],
    ['https://localhost/consent/callback?state=s', 'neither "code" nor "error"'],
    ['https://[broken/?code=a', 'neither "code" nor "error"'],
    ['{"code":"a"}', 'neither a code nor an address'],
    ['http%3A%2F%2Flocalhost%2Fcb%3Fcode%3Da%26state%3Ds', 'neither a code nor an address'],
    ['egk_abc_planted', 'neither a code nor an address'],
    ['?code=a&code=b&state=s', '"code" twice'],
    ['?code=a&state=s&state=t', '"state" twice'],
    ['https://localhost/consent/callback?code=a', 'no "state"'],
    ['https://localhost/consent/callback?error=access_denied', 'no "state"'],
    ['https://localhost/consent/callback?code=a&state=...', 'no "state"'],
  ])('is refused when it is %j', (text, why) => {
    const result = readPasted(text)
    expect(result).toMatchObject({ ok: false, error: { code: 'consent_unreadable' } })
    expect(result.ok ? '' : result.error.detail).toContain(why)
  })

  it('is never repeated in the refusal', () => {
    for (const text of ['planted-secret and more', '?state=planted-secret', 'planted-secret-ü']) {
      const result = readPasted(text)
      expect(result.ok ? '' : JSON.stringify(result.error.toProblem())).toContain('unreadable')
      expect(result.ok ? '' : result.error.message).not.toContain('planted')
    }
  })

  it.each([
    ['http://localhost:8420/consent/callback?code=0.AX-y_z&state=s&session_state=q'],
    ['http://localhost:8420/consent/callback#code=0.AX-y_z&state=s'],
    ['  <http://localhost:8420/consent/callback?code=0.AX-y_z&state=s>  '],
    ['http://localhost:8420/consent/callback?code=0.AX\r\n-y_z&sta\nte=s'],
    ['http://localhost:8420/consent/callback?code=0.AX-y_z&amp;state=s&amp;session_state=q'],
    ['http://localhost:8420/consent/callback?code=0.AX-y_z&state=s).'],
    ['?code=0.AX-y_z&state=s'],
    ['“http://localhost:8420/consent/callback?code=0.AX-y_z&state=s”'],
    ['state=s&code=0.AX-y_z'],
  ])('may be %j', (text) => {
    const pasted = read(text)
    expect(codeIn(pasted)).toBe('0.AX-y_z')
    expect(pasted.stateHash).toBe(hashState('s'))
  })

  it('may be the code alone, which names no sign-in', () => {
    const pasted = read(' 0.AX-y_z~=\n')
    expect(codeIn(pasted)).toBe('0.AX-y_z~=')
    expect(pasted).not.toHaveProperty('stateHash')
  })

  it('tells the provider’s error with its remedy', () => {
    const description = 'AADSTS65004: User declined to consent.\r\nTrace ID: x'
    const query = new URLSearchParams({
      error: 'access_denied',
      error_description: description,
      state: 's',
    })
    expect(read(`https://eg.example/consent/callback?${query.toString()}`).outcome).toMatchObject({
      kind: 'error',
      error: {
        error: 'access_denied',
        message: 'AADSTS65004: User declined to consent.',
        remedy: expect.stringContaining('accept') as string,
        upstream: { errorCodes: [65004] },
      },
    })
  })

  it('never makes it throw', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        for (const form of [text, `?code=${text}`, `https://x.example/?${text}`]) readPasted(form)
      }),
    )
  })
})
