import {
  acceptIssuers,
  createIdentifier,
  createTokenVerifier,
  type AcceptedIssuers,
  type Identified,
} from '../../src/identity/index.ts'
import { ok, systemClock as clock, systemRandom } from '../../src/kernel/index.ts'
import { createKeyCache, readKeySet } from '../../src/oauth/index.ts'
import { serveBearers, type BearerJob, type BearerTokens, type JudgeToken } from './bearer-side.ts'

// At first sight every stage of our verifier, as an issuer of type `entra` has it; seen again what
// the service asks of every token, with the memory that it has.
serveBearers(async (job, kind) => {
  const issuers = await openIssuers(job, kind)
  return job.keeps ? remembering(issuers) : verifying(issuers)
})

async function openIssuers(
  { issuer, audience, tenantId }: BearerJob,
  { jwk }: BearerTokens,
): Promise<AcceptedIssuers> {
  const read = readKeySet({ keys: [jwk] })
  if (!read.ok) throw new Error(read.error)
  const fetchKeys = async (): Promise<typeof read> => ok(read.value)
  const keys = createKeyCache({ clock, random: systemRandom, fetchKeys })
  await keys.refresh()
  const settings = {
    name: 'bench',
    type: 'entra',
    audiences: [audience],
    acceptsIdTokens: false,
    skewMs: 60_000,
    longestLifeMs: 86_400_000,
  } as const
  return acceptIssuers([{ iss: issuer, keys, tenantId, settings }])
}

function verifying(issuers: AcceptedIssuers): JudgeToken {
  const verifier = createTokenVerifier({ issuers, clock })
  return (token) => {
    const verdict = verifier.verify(token)
    if (verdict instanceof Promise) throw new Error('the key was not in memory')
    if (!verdict.ok) throw new Error(verdict.error.code)
    return String(verdict.value.claims['sub'])
  }
}

function remembering(issuers: AcceptedIssuers): JudgeToken {
  const policy = {
    name: 'bench',
    claims: ['token'],
    match: [],
    userName: 'preferred_username',
    scopes: [],
    access: [],
    introspectionClients: [],
  } as const
  const identifier = createIdentifier({
    issuers,
    clock,
    policies: new Map([[policy.name, policy]]),
    accounts: { findAccounts: async () => [] },
  })
  const subjectOf = (identified: Identified): string => {
    if (!identified.ok) throw new Error(identified.error.code)
    return identified.value.subject ?? ''
  }
  return (token) => {
    const identified = identifier.identify(token)
    return identified instanceof Promise ? identified.then(subjectOf) : subjectOf(identified)
  }
}
