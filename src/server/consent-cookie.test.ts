import { describe, expect, it } from 'vitest'
import { Secret } from '../kernel/index.ts'
import { consentCookie, readConsentCookie } from './consent-cookie.ts'

const session = { id: 'cns_1' }
const browser = new Secret('a'.repeat(43))
const secure = 'https://evergrant.example'
const plain = 'http://localhost:8420'

describe('the cookie of a sign-in', () => {
  it('is taken for none when it is another sign-in’s, no secret of ours, or there twice', () => {
    const pair = `evergrant-consent-cns_1=${browser.reveal()}`
    for (const header of [
      undefined,
      '',
      'evergrant-consent-cns_1=short',
      `evergrant-consent-cns_2=${browser.reveal()}`,
      `${pair}; ${pair}`,
      `x${pair}`,
    ]) {
      expect(readConsentCookie(header, session, plain)).toBeUndefined()
    }
    // Without TLS no other host keeps the prefix from being set, so it is not asked for there.
    expect(readConsentCookie(pair, session, secure)).toBeUndefined()
  })

  it('is read as it was set, among others', () => {
    for (const publicUrl of [plain, secure]) {
      const [pair] = consentCookie(session, browser, { publicUrl, lifeMs: 1_500 }).split(';')
      const read = readConsentCookie(`other=1; ${pair}; more=2`, session, publicUrl)
      expect(read?.reveal()).toBe(browser.reveal())
    }
  })

  it('is out of reach of scripts and other hosts, and named for its link', () => {
    const life = { publicUrl: secure, lifeMs: 1_500 }
    expect(consentCookie({ id: 'cns_1', linkId: 'lnk_1' }, browser, life)).toBe(
      `__Host-evergrant-consent-lnk_1=${browser.reveal()}; Path=/; Max-Age=2; HttpOnly; SameSite=Lax; Secure`,
    )
  })
})
