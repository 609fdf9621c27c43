import { createHash, X509Certificate } from 'node:crypto'
import { err, ok, type Result } from '../kernel/index.ts'
import type { AuthenticatedClient } from './authenticated-client.ts'
import { clientRefusals } from './client-refusals.ts'
import type { EntraRefusal } from './entra-refusal.ts'
import { isSignedBy, keyOfJwk, readJwt, type ReadJwt } from './jwt.ts'
import type { SimulatedCertificate } from './options.ts'
import type { Application, Realm } from './realms.ts'
import type { World } from './world.ts'

interface AssertionContext {
  /** The `aud` values accepted. */
  readonly audiences: readonly string[]
  readonly now: number
}

/**
 * Verifies a client assertion: at a tenant one signed with a registered certificate (`iss` is the
 * client) or a federated one (`iss` is somebody else); at an issuer `private_key_jwt`.
 *
 * @see RFC 7523 section 3; Microsoft identity platform, application authentication certificate
 *   credentials and workload identity federation
 */
export function authenticateByAssertion(
  world: World,
  realm: Realm,
  application: Application,
  assertion: string,
  context: AssertionContext,
): Result<AuthenticatedClient, EntraRefusal> {
  const jwt = readJwt(assertion)
  if (jwt === undefined) return err(clientRefusals.malformedAssertion('not a JWS.'))
  const isOwn = jwt.claims['iss'] === application.id
  const method =
    realm.kind === 'oidc' ? 'private_key_jwt' : isOwn ? ('certificate' as const) : 'federated'
  const refusal =
    method === 'federated'
      ? judgeFederated(application, jwt)
      : (judgeKey(method, application, jwt, context.now) ??
        judgeOwnClaims(jwt, application, context))
  if (refusal !== undefined) return err(refusal)
  const late = judgeTime(jwt, context.now, world.settings.assertionSkewMs)
  if (late !== undefined) return err(late)
  if (method !== 'federated' && isReplayed(world, application, jwt, context.now)) {
    return err(clientRefusals.replayedAssertion)
  }
  return ok({ application, method })
}

function judgeKey(
  method: 'certificate' | 'private_key_jwt',
  application: Application,
  jwt: ReadJwt,
  now: number,
): EntraRefusal | undefined {
  if (method === 'private_key_jwt') {
    const keyId = jwt.header['kid']
    const candidates = application.keys.filter(
      (jwk) => keyId === undefined || jwk['kid'] === undefined || jwk['kid'] === keyId,
    )
    const isSigned = candidates.some((jwk) => isSignedBy(jwt, keyOfJwk(jwk)))
    return isSigned ? undefined : clientRefusals.wrongSignature(String(keyId))
  }
  const { header } = jwt
  // The thumbprint's kind goes with the algorithm: x5t#S256 with PS256, the older x5t with RS256.
  const hash = header['x5t#S256'] === undefined ? 'sha1' : 'sha256'
  const thumbprint = header['x5t#S256'] ?? header['x5t']
  if (typeof thumbprint !== 'string') {
    return clientRefusals.unknownCertificate('none', application.id)
  }
  const found = application.certificates.find(
    (certificate) => thumbprintOf(certificate, hash) === thumbprint,
  )
  const shown = Buffer.from(thumbprint, 'base64url').toString('hex').toUpperCase()
  if (found === undefined) return clientRefusals.unknownCertificate(shown, application.id)
  const certificate = new X509Certificate(found.pem)
  const isFitting = hash === 'sha256' || header['alg'] === 'RS256'
  if (!isFitting || !isSignedBy(jwt, certificate.publicKey)) {
    return clientRefusals.wrongSignature(shown)
  }
  const expiresAt = found.expiresAt ?? certificate.validToDate.getTime()
  const isValid = certificate.validFromDate.getTime() <= now && now < expiresAt
  return isValid ? undefined : clientRefusals.expiredCertificate
}

function thumbprintOf(certificate: SimulatedCertificate, hash: 'sha1' | 'sha256'): string {
  return createHash(hash).update(new X509Certificate(certificate.pem).raw).digest('base64url')
}

function judgeOwnClaims(
  jwt: ReadJwt,
  application: Application,
  { audiences }: AssertionContext,
): EntraRefusal | undefined {
  const { iss, sub, aud, jti } = jwt.claims
  if (iss !== application.id || sub !== application.id) {
    return clientRefusals.malformedAssertion("'iss' and 'sub' must be the client id.")
  }
  if (typeof aud !== 'string') {
    return clientRefusals.malformedAssertion("'aud' must be one string.")
  }
  if (!audiences.includes(aud)) return clientRefusals.wrongAssertionAudience(audiences[0] ?? '')
  if (typeof jti !== 'string' || jti === '') {
    return clientRefusals.malformedAssertion("'jti' is missing.")
  }
  return undefined
}

function judgeFederated(application: Application, jwt: ReadJwt): EntraRefusal | undefined {
  const { iss, sub, aud } = jwt.claims
  const [issuer, subject] = [String(iss), String(sub)]
  const { federated } = application
  if (federated.length === 0) return clientRefusals.noFederation(issuer, subject)
  const sameIssuer = federated.filter((record) => record.issuer === iss)
  if (sameIssuer.length === 0) return clientRefusals.federatedIssuer(issuer)
  const sameSubject = sameIssuer.filter((record) => record.subject === sub)
  if (sameSubject.length === 0) return clientRefusals.federatedSubject(subject)
  const audiences = [aud].flat()
  const record = sameSubject.find(({ audience = 'api://AzureADTokenExchange' }) =>
    audiences.includes(audience),
  )
  if (record === undefined) return clientRefusals.federatedAudience(audiences.map(String).join(' '))
  // Outside issuers sign with RS256 alone.
  const isSigned = jwt.header['alg'] === 'RS256' && isSignedBy(jwt, keyOfJwk(record.jwk))
  return isSigned ? undefined : clientRefusals.wrongSignature(String(jwt.header['kid']))
}

function judgeTime(jwt: ReadJwt, now: number, skewMs: number): EntraRefusal | undefined {
  const { exp, nbf, iat } = jwt.claims
  const from = Number(nbf ?? iat ?? 0)
  const until = Number(exp)
  const isWithin = from * 1_000 - skewMs <= now && now < until * 1_000 + skewMs
  return isWithin ? undefined : clientRefusals.assertionTime(now, from, until)
}

/** Remembers every `jti` as long as its assertion could be sent again. */
function isReplayed(world: World, application: Application, jwt: ReadJwt, now: number): boolean {
  const { usedAssertions, settings } = world
  if (settings.acceptsAssertionReplay) return false
  const key = `${application.id} ${String(jwt.claims['jti'])}`
  if (usedAssertions.has(key)) return true
  if (usedAssertions.size >= 10_000) {
    for (const [old, expiresAt] of usedAssertions) if (expiresAt < now) usedAssertions.delete(old)
  }
  usedAssertions.set(key, Number(jwt.claims['exp']) * 1_000 + settings.assertionSkewMs)
  return false
}
