import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { selfSignCertificate } from '../../src/simulator/certificate.ts'

/** A certificate for client authentication with its key, as an operator would have made them. */
export interface TestCertificate {
  readonly certificatePem: string
  readonly certificateDer: Buffer
  /** The private key as PKCS #8 PEM. */
  readonly keyPem: string
  readonly keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject }
}

/** Makes a self-signed certificate, valid from 2020 to 2049; RSA of 2048 bits unless told. */
export function makeClientCertificate(
  options: { readonly commonName?: string; readonly bits?: number; readonly isEc?: boolean } = {},
): TestCertificate {
  const { commonName = 'evergrant test', bits = 2_048, isEc = false } = options
  const keys = isEc
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
    : generateKeyPairSync('rsa', { modulusLength: bits })
  const subject = { commonName, hosts: ['localhost'], serial: Uint8Array.of(1, 2, 3) }
  const { der, pem } = selfSignCertificate(keys, subject)
  return {
    certificatePem: pem,
    certificateDer: der,
    keyPem: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    keys,
  }
}
