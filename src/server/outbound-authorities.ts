import { X509Certificate } from 'node:crypto'
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import { EvergrantError } from '../kernel/index.ts'

const block = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g

/**
 * Makes the context that trusts the platform’s authorities and one’s own; undefined when there are
 * none of one’s own, so that Node’s default is used. The platform’s are those Node trusts by
 * itself: its own list, the system’s with `--use-system-ca`, NODE_EXTRA_CA_CERTS.
 *
 * @param own Texts in PEM, each with one certificate or more.
 * @param nameOf What to call one of them in a message. Default `"network.ca[N]"`.
 * @throws EvergrantError `config_invalid` for a text that holds no certificate, or a broken one
 */
export function trustAlso(
  own: readonly string[],
  nameOf: (position: number) => string = (position) => `"network.ca[${position}]"`,
): SecureContext | undefined {
  if (own.length === 0) return undefined
  const certificates = own.flatMap((text, position) => readCertificates(text, nameOf(position)))
  // Made once: with the platform’s list it costs milliseconds, too much for each connection.
  return createSecureContext({ ca: [...getCACertificates('default'), ...certificates] })
}

function readCertificates(text: string, name: string): readonly string[] {
  const found = text.match(block) ?? []
  if (found.length === 0) {
    throw invalid(name, 'but saw no "BEGIN CERTIFICATE"')
  }
  return found.map((pem, position) => {
    try {
      return new X509Certificate(pem).toString()
    } catch (cause) {
      throw invalid(
        name,
        `but certificate ${position + 1} of ${found.length} cannot be read`,
        cause,
      )
    }
  })
}

function invalid(name: string, seen: string, cause?: unknown): EvergrantError {
  return new EvergrantError('config_invalid', `${name}: expected certificates in PEM, ${seen}`, {
    remedy:
      'Name a file with the authority’s certificate in PEM (text that begins with "-----BEGIN CERTIFICATE-----"); DER files are converted with `openssl x509 -inform der`.',
    cause,
  })
}
