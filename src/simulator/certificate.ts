import { sign, type KeyObject } from 'node:crypto'
import { isIP } from 'node:net'
import { der, derBitString, derInteger, derObjectId, derOctetString } from './der.ts'
import { derSequence, derText, derUtcTime } from './der.ts'

/** What a self-made certificate names. */
export interface CertificateSubject {
  readonly commonName: string
  /** DNS names and IP addresses it is good for. */
  readonly hosts: readonly string[]
  /** Serial number; at most 20 bytes, taken as positive. */
  readonly serial: Uint8Array
  /** First and last instant it is good for (epoch ms, up to 2049). Default: 2020 to 2049. */
  readonly validity?: { readonly from: number; readonly until: number }
}

/** A certificate in both of its common forms. */
export interface Certificate {
  readonly der: Buffer
  readonly pem: string
}

const oid = {
  ecdsaSha256: '1.2.840.10045.4.3.2',
  rsaSha256: '1.2.840.113549.1.1.11',
  commonName: '2.5.4.3',
  subjectAltName: '2.5.29.17',
  keyUsage: '2.5.29.15',
  basicConstraints: '2.5.29.19',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
} as const

/** Fixed and generous, because the reader's clock may be a moved one. */
const always = { from: '200101000000Z', until: '491231235959Z' } as const
const derNull = der(0x05)
const derTrue = der(0x01, Uint8Array.of(0xff))

/**
 * Makes a self-signed X.509 version 3 certificate, its own trust anchor. The key pair may be RSA or
 * EC P-256; the signature is over SHA-256.
 *
 * @see RFC 5280 section 4.1
 */
export function selfSignCertificate(
  keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject },
  subject: CertificateSubject,
): Certificate {
  const algorithm =
    keys.privateKey.asymmetricKeyType === 'rsa'
      ? derSequence(derObjectId(oid.rsaSha256), derNull)
      : derSequence(derObjectId(oid.ecdsaSha256))
  const { validity } = subject
  const from = validity === undefined ? always.from : utcTimeOf(validity.from)
  const until = validity === undefined ? always.until : utcTimeOf(validity.until)
  const name = derSequence(
    der(0x31, derSequence(derObjectId(oid.commonName), derText(subject.commonName))),
  )
  const toBeSigned = derSequence(
    der(0xa0, derInteger(Uint8Array.of(2))),
    derInteger(subject.serial),
    algorithm,
    name,
    derSequence(derUtcTime(from), derUtcTime(until)),
    name,
    keys.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, derSequence(...extensions(subject.hosts))),
  )
  const signature = sign('sha256', toBeSigned, keys.privateKey)
  const encoded = derSequence(toBeSigned, algorithm, derBitString(signature))
  return { der: encoded, pem: pemOf(encoded) }
}

/** `YYMMDDhhmmssZ` */
function utcTimeOf(at: number): string {
  return `${new Date(at).toISOString().replace(/\D/g, '').slice(2, 14)}Z`
}

function extensions(hosts: readonly string[]): Buffer[] {
  const critical = true
  return [
    extension(oid.basicConstraints, critical, derSequence(derTrue)),
    // digitalSignature (bit 0) and keyCertSign (bit 5); two bits of the byte are unused.
    extension(oid.keyUsage, critical, derBitString(Uint8Array.of(0b1000_0100), 2)),
    extension(oid.extendedKeyUsage, !critical, derSequence(derObjectId(oid.serverAuth))),
    extension(oid.subjectAltName, !critical, derSequence(...hosts.map(generalName))),
  ]
}

function extension(id: string, isCritical: boolean, value: Buffer): Buffer {
  const flag = isCritical ? [derTrue] : []
  return derSequence(derObjectId(id), ...flag, derOctetString(value))
}

function generalName(host: string): Buffer {
  if (isIP(host) === 4) return der(0x87, Uint8Array.from(host.split('.').map(Number)))
  if (isIP(host) === 6) return der(0x87, ipv6Bytes(host))
  return der(0x82, Buffer.from(host, 'ascii'))
}

function ipv6Bytes(address: string): Uint8Array {
  const [head = '', tail] = address.split('::')
  const left = hextets(head)
  const right = hextets(tail ?? '')
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => 0)
  return Uint8Array.from(
    [...left, ...zeros, ...right].flatMap((group) => [group >> 8, group & 255]),
  )
}

function hextets(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
}

function pemOf(encoded: Buffer): string {
  const lines = encoded.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}
