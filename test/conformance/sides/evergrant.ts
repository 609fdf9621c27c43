import { createManualClock, err, ok, type Result } from '../../../src/kernel/index.ts'
import { acceptIssuers, createTokenVerifier, type Refusal } from '../../../src/identity/index.ts'
import { createKeyCache, readKeySet } from '../../../src/oauth/index.ts'
import { identifyPlainly } from '../../support/identify-plainly.ts'
import { keySetOf } from '../../support/token-maker.ts'
import type { Issuer, Subject } from '../attack.ts'
import { audience, iss, otherIss, otherTid, tid, type Forge } from '../forge.ts'

/** Our verifier; its clock is told the time by whoever plays the attack. */
export interface OwnSubject extends Subject {
  advance(milliseconds: number): Promise<void>
}

const settings = {
  name: 'contoso',
  type: 'entra',
  audiences: [audience],
  acceptsIdTokens: false,
  skewMs: 60_000,
  longestLifeMs: 86_400_000,
} as const

/**
 * Judges every token without memory, and twice with that of the service: what is remembered is what
 * was made, and neither depends on the memory.
 */
export function openEvergrant(issuer: Issuer, forge: Forge): OwnSubject {
  const clock = createManualClock(forge.now * 1_000)
  const random = (length: number): Uint8Array => new Uint8Array(length)
  const keysOf = (): ReturnType<typeof createKeyCache> =>
    createKeyCache({
      clock,
      random,
      fetchKeys: async () => {
        issuer.requests++
        const read = issuer.isAway ? undefined : readKeySet(issuer.published)
        if (read?.ok === true && read.value.keys.length > 0) return ok(read.value)
        return err({ detail: 'login.microsoftonline.com answered 503 instead of its keys' })
      },
    })
  const keys = keysOf()
  const otherKeys = createKeyCache({
    clock,
    random,
    fetchKeys: async () => ok(keySetOf(forge.keys.other.jwk)),
  })
  const issuers = acceptIssuers([
    { iss, settings, keys, tenantId: tid },
    {
      iss: otherIss,
      settings: { ...settings, name: 'fabrikam' },
      keys: otherKeys,
      tenantId: otherTid,
    },
  ])
  const verifier = createTokenVerifier({ issuers, clock })
  const remembering = identifyPlainly(issuers, clock)
  return {
    advance: (milliseconds) => clock.advance(milliseconds),
    verify: async (token) => {
      const verdict = await verifier.verify(token)
      const said = say(verdict)
      for (const again of [await remembering.identify(token), await remembering.identify(token)]) {
        if (say(again) !== said) throw new Error(`${said}, and then ${say(again)}`)
      }
      if (verdict.ok) return { kind: 'accepted' }
      assertTellsNothing(token, JSON.stringify(verdict.error))
      return { kind: 'refused', code: said }
    },
  }
}

function say(verdict: Result<unknown, Refusal>): string {
  return verdict.ok ? 'holds' : `${verdict.error.stage}: ${verdict.error.code}`
}

/** No refusal repeats the token, nor a part of it, nor a signature; and none is long. */
function assertTellsNothing(token: string, told: string): void {
  const parts = [token, ...token.split('.')].filter((part) => part.length >= 40)
  if (parts.some((part) => told.includes(part.slice(0, 40)))) throw new Error(`leaks: ${told}`)
  if (told.length > 1_500) throw new Error(`${told.length} characters: ${told.slice(0, 200)}`)
}
