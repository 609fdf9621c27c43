import type { Secret } from '../kernel/index.ts'

const iterations = 10_000

/**
 * Names a version of a client's ordered credentials: the same 24 hexadecimal digits in every
 * process for the same client id and secrets, others as soon as one of them changes. It is stored
 * beside tokens, so it is stretched (PBKDF2) and shortened: it is no way back to a weak secret.
 */
export async function fingerprintCredentials(
  clientId: string,
  secrets: readonly Secret[],
): Promise<string> {
  const text = new TextEncoder()
  const material = JSON.stringify(secrets.map((secret) => secret.reveal()))
  const key = await crypto.subtle.importKey('raw', text.encode(material), 'PBKDF2', false, [
    'deriveBits',
  ])
  const salt = text.encode(`evergrant credentials of ${clientId}`)
  const parameters = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations }
  const bits = new Uint8Array(await crypto.subtle.deriveBits(parameters, key, 96))
  return Array.from(bits, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
