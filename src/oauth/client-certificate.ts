import { createHash, createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { EvergrantError, type Secret } from '../kernel/index.ts'

/** A certificate with the private key that belongs to it. */
export interface ClientCertificate {
  readonly privateKey: KeyObject
  readonly sha1: Buffer
  readonly sha256: Buffer
  /** SHA-1 in upper-case hexadecimal, as portals show it. */
  readonly thumbprint: string
  /** Epoch ms. */
  readonly validFrom: number
  /** Epoch ms. */
  readonly expiresAt: number
}

const leastKeyBits = 2_048

/**
 * Finds the certificate and its private key in PEM text, in whatever order they stand; the first
 * certificate that fits a key is taken, so that a chain may stand around it.
 *
 * @throws `certificate_invalid` saying what is missing or wrong; nothing of the text is told but
 *   thumbprints and dates.
 * @see RFC 7468
 */
export function readClientCertificate(pem: Secret): ClientCertificate {
  const blocks = [
    ...pem.reveal().matchAll(/-----BEGIN ([A-Z0-9 ]+)-----\r?\n[\s\S]*?-----END \1-----/g),
  ].map(([text, label = '']) => ({ text, label }))
  const keys = blocks.filter(({ label }) => label.endsWith('PRIVATE KEY')).map(readKey)
  const certificates = blocks.filter(({ label }) => label === 'CERTIFICATE').map(readCertificate)
  if (keys.length === 0) throw refuse('expected a private key in PEM, but saw none')
  if (certificates.length === 0) throw refuse('expected a certificate in PEM, but saw none')
  for (const certificate of certificates) {
    const privateKey = keys.find((key) => certificate.checkPrivateKey(key))
    if (privateKey !== undefined) {
      checkKey(privateKey)
      return describe(certificate, privateKey)
    }
  }
  const seen = certificates.map((certificate) => describeInWords(certificate)).join('; ')
  throw refuse(`the private key belongs to none of the certificates: ${seen}`, {
    remedy: 'Put the private key beside the certificate that was made for it.',
  })
}

function readKey({ text, label }: { readonly text: string; readonly label: string }): KeyObject {
  if (label.startsWith('ENCRYPTED') || /^Proc-Type:.*ENCRYPTED/m.test(text)) {
    throw refuse('the private key is encrypted', {
      remedy:
        'Write it without a passphrase (`openssl pkey -in client.pem -out client.key`), readable by Evergrant’s user alone, or read it from a vault with `exec`.',
    })
  }
  try {
    return createPrivateKey(text)
  } catch {
    throw refuse('the private key cannot be read: its PEM is broken')
  }
}

function readCertificate({ text }: { readonly text: string }): X509Certificate {
  try {
    return new X509Certificate(text)
  } catch {
    throw refuse('a certificate cannot be read: its PEM is broken')
  }
}

/** Entra takes plain RSA keys alone. */
function checkKey(key: KeyObject): void {
  if (key.asymmetricKeyType !== 'rsa') {
    throw refuse(
      `expected an RSA key, but saw a key of type "${key.asymmetricKeyType ?? 'unknown'}"`,
    )
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
  if (bits < leastKeyBits) {
    throw refuse(`expected an RSA key of at least ${leastKeyBits} bits, but saw one of ${bits}`)
  }
}

function describe(certificate: X509Certificate, privateKey: KeyObject): ClientCertificate {
  const sha1 = createHash('sha1').update(certificate.raw).digest()
  return {
    privateKey,
    sha1,
    sha256: createHash('sha256').update(certificate.raw).digest(),
    thumbprint: sha1.toString('hex').toUpperCase(),
    validFrom: certificate.validFromDate.getTime(),
    expiresAt: certificate.validToDate.getTime(),
  }
}

function describeInWords(certificate: X509Certificate): string {
  const thumbprint = certificate.fingerprint.replaceAll(':', '')
  const from = certificate.validFromDate.toISOString().slice(0, 10)
  const until = certificate.validToDate.toISOString().slice(0, 10)
  return `${thumbprint} (valid ${from} to ${until})`
}

function refuse(detail: string, options: { readonly remedy?: string } = {}): EvergrantError {
  return new EvergrantError('certificate_invalid', detail, options)
}
