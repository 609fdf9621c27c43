import { rootCertificates } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { trustAlso } from './outbound-authorities.ts'

const good = rootCertificates[0] ?? ''

describe('an authority of one’s own', () => {
  it('is refused when the file holds no certificate, and named', () => {
    expect(() => trustAlso([good, 'nothing here'])).toThrow(
      '"network.ca[1]": expected certificates in PEM, but saw no "BEGIN CERTIFICATE"',
    )
    expect(() => trustAlso([''], () => '/etc/ca.pem')).toThrow('/etc/ca.pem: expected certificates')
  })

  it('is refused when one of its certificates is damaged, and counted', () => {
    const damaged = good.replace(/MII/, 'AII')
    expect(() => trustAlso([`${good}\n${damaged}`])).toThrow('certificate 2 of 2 cannot be read')
  })

  it('needs no context when there is none', () => {
    expect(trustAlso([])).toBeUndefined()
  })

  it('may stand among other text, several in one file', () => {
    expect(trustAlso([`# our roots\r\n${good}\n\ntext between\n${good}`])).toBeDefined()
  })
})
