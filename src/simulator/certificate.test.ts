import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { selfSignCertificate } from './certificate.ts'
import { derInteger, derObjectId } from './der.ts'

const hosts = ['localhost', '127.0.0.1', '::1']

test.each([
  ['EC', () => generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
])('an %s certificate reads back with its names, constraints and its own signature', (_, make) => {
  const keys = make()
  const { pem, der } = selfSignCertificate(keys, {
    commonName: 'Evergrant simulator',
    hosts,
    serial: Uint8Array.of(0x80, 1, 2, 3),
  })
  const read = new X509Certificate(pem)
  expect(read.raw).toEqual(der)
  expect(read.subject).toBe('CN=Evergrant simulator')
  expect(read.subjectAltName).toBe(
    'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
  )
  expect(read.ca).toBe(true)
  expect(read.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
  expect(read.serialNumber).toBe('80010203')
  expect(read.verify(keys.publicKey)).toBe(true)
  expect(read.checkPrivateKey(keys.privateKey)).toBe(true)
  for (const host of hosts.slice(1)) expect(read.checkIP(host)).toBe(host)
})

test('a certificate is not good for a host it does not name', () => {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const serial = Uint8Array.of(1)
  const { pem } = selfSignCertificate(keys, { commonName: 'x', hosts, serial })
  expect(new X509Certificate(pem).checkHost('example.com')).toBeUndefined()
})

test('an integer never reads as negative, whatever its first byte', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 20 }), (magnitude) => {
      const contents = derInteger(magnitude).subarray(2)
      expect(contents[0]).toBeLessThan(0x80)
      expect(number(contents)).toBe(number(magnitude))
    }),
  )
})

test('an object identifier is written in base 128', () => {
  expect(derObjectId('1.2.840.113549').toString('hex')).toBe('06062a864886f70d')
})

function number(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}
