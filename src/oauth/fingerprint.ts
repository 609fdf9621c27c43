import type { Secret } from '../kernel/index.ts'

const iterations = 10_000

/** What one credential adds to the name of a version. */
export type CredentialMark =
  | {
      readonly kind: 'secret' | 'certificate'
      /** The secret, or certificate and key as PEM. */
      readonly secret: Secret
    }
  | {
      /** Its assertion changes all the time, so only that it stands there counts. */
      readonly kind: 'federated'
      /** Its place among the client’s credentials. */
      readonly position: number
    }

/**
 * Names a version of a client's ordered credentials: the same 24 hexadecimal digits in every
 * process for the same client id and credentials, others as soon as one of them changes. It is
 * stored beside tokens, so it is stretched (PBKDF2) and shortened: it is no way back to a weak
 * secret. A client without any has a version too.
 */
export async function fingerprintCredentials(
  clientId: string,
  credentials: readonly CredentialMark[],
): Promise<string> {
  const text = new TextEncoder()
  const material = JSON.stringify(credentials.map(describe))
  const key = await crypto.subtle.importKey('raw', text.encode(material), 'PBKDF2', false, [
    'deriveBits',
  ])
  const salt = text.encode(`evergrant credentials of ${clientId}`)
  const parameters = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations }
  const bits = new Uint8Array(await crypto.subtle.deriveBits(parameters, key, 96))
  return Array.from(bits, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Secrets stand as plain text, so that versions named before there were other kinds hold. */
function describe(mark: CredentialMark): unknown {
  if (mark.kind === 'federated') return { federated: mark.position }
  const text = mark.secret.reveal()
  return mark.kind === 'secret' ? text : { certificate: text }
}
