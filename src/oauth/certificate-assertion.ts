import { constants, sign, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import {
  EvergrantError,
  err,
  newId,
  ok,
  systemRandom,
  type RandomBytes,
  type Secret,
} from '../kernel/index.ts'
import { sendAssertion, type ClientAuthentication } from './client-authentication.ts'
import { readClientCertificate, type ClientCertificate } from './client-certificate.ts'

/** How an assertion is signed, and by which digest it names the certificate. */
export type AssertionAlgorithm = 'PS256' | 'RS256'

/** How assertions are made. */
export interface CertificateAssertionOptions {
  /** Defaults to `PS256` with `x5t#S256`; `RS256` comes with `x5t`. */
  readonly algorithm?: AssertionAlgorithm
  readonly random?: RandomBytes
}

/** Client authentication by a certificate; tells which certificate and until when. */
export interface CertificateAuthentication extends ClientAuthentication {
  readonly method: 'private_key_jwt'
  /** When the certificate expires (epoch ms). */
  readonly expiresAt: number
  /** SHA-1 of the certificate in upper-case hexadecimal, as the Entra admin center shows it. */
  readonly thumbprint: string
}

/** The life of an assertion (seconds). */
export const assertionLifeSeconds = 600

/**
 * Makes client authentication of a certificate with its private key: every request carries a fresh
 * assertion, signed for ten minutes and for the token endpoint alone (one string, as Entra wants).
 * Signing runs off the main thread. An expired certificate, or one that is not valid yet, is
 * refused before anything is sent.
 *
 * @param pem Certificate and unencrypted RSA key in any order; of a chain the one that fits the
 *   key.
 * @throws `certificate_invalid` when there is no such pair in the text.
 * @see RFC 7523 section 3
 * @see https://learn.microsoft.com/en-us/entra/identity-platform/certificate-credentials
 */
export function certificateAssertion(
  pem: Secret,
  { algorithm = 'PS256', random = systemRandom }: CertificateAssertionOptions = {},
): CertificateAuthentication {
  const certificate = readClientCertificate(pem)
  const { validFrom, expiresAt, thumbprint, privateKey } = certificate
  const header = { alg: algorithm, typ: 'JWT', ...certificateHeader(certificate, algorithm) }
  return {
    method: 'private_key_jwt',
    // An assertion that comes back is a JWT, which never passes `redact`.
    secrets: [],
    expiresAt,
    thumbprint,
    prove: (now) => {
      if (expiresAt <= now) return err(outsideItsTime(thumbprint, 'expired at', expiresAt))
      if (validFrom > now) return err(outsideItsTime(thumbprint, 'is not valid before', validFrom))
      return ok(async (server, client, body) => {
        const claims = {
          aud: server.token_endpoint,
          iss: client.client_id,
          sub: client.client_id,
          jti: newId('jti', now, random),
          iat: Math.floor(now / 1_000),
          nbf: Math.floor(now / 1_000),
          exp: Math.floor(now / 1_000) + assertionLifeSeconds,
        }
        const assertion = await signJwt(header, claims, privateKey)
        sendAssertion(client.client_id, body, assertion)
      })
    },
  }
}

function certificateHeader(
  { sha1, sha256 }: ClientCertificate,
  algorithm: AssertionAlgorithm,
): Readonly<Record<string, string>> {
  return algorithm === 'PS256'
    ? { 'x5t#S256': sha256.toString('base64url') }
    : { x5t: sha1.toString('base64url') }
}

function outsideItsTime(thumbprint: string, what: string, at: number): EvergrantError {
  return new EvergrantError(
    'certificate_invalid',
    `the client certificate ${thumbprint} ${what} ${new Date(at).toISOString()}`,
    {
      remedy:
        'Put a certificate in place that is valid now, upload its public part to the app registration, and check this machine’s clock.',
    },
  )
}

const signInBackground = promisify(sign) as (
  algorithm: string,
  data: Uint8Array,
  key: { readonly key: KeyObject; readonly padding: number; readonly saltLength?: number },
) => Promise<Buffer>

async function signJwt(
  header: { readonly alg: AssertionAlgorithm },
  claims: Readonly<Record<string, unknown>>,
  privateKey: KeyObject,
): Promise<string> {
  const text = `${encode(header)}.${encode(claims)}`
  const padding =
    header.alg === 'PS256'
      ? {
          padding: constants.RSA_PKCS1_PSS_PADDING,
          saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
        }
      : { padding: constants.RSA_PKCS1_PADDING }
  const signature = await signInBackground('sha256', Buffer.from(text), {
    key: privateKey,
    ...padding,
  })
  return `${text}.${signature.toString('base64url')}`
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
