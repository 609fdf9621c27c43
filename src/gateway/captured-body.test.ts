import {
  brotliCompressSync,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { CapturedBody, mostShown } from './captured-body.ts'

const kept = (bytes: Buffer | string, type?: string, coding?: string): string | undefined => {
  const body = new CapturedBody(type, coding)
  const whole = Buffer.from(bytes)
  for (let at = 0; at < whole.length; at += 1_000) body.add(whole.subarray(at, at + 1_000))
  return body.describe(['planted-token-0123456789'])
}

describe('a captured body', () => {
  it.each([
    ['application/json', '{"a":1}'],
    ['application/problem+json; charset=utf-8', '{"a":1}'],
    ['text/plain', 'hello'],
    ['APPLICATION/XML', '<a/>'],
    ['application/x-www-form-urlencoded', 'a=1'],
  ])('of %s is shown', (type, text) => {
    expect(kept(text, type)).toBe(text)
  })

  it.each([
    [undefined, '(no content type: not kept)'],
    ['application/octet-stream', '(application/octet-stream: not kept)'],
    ['multipart/form-data; boundary=x', '(multipart/form-data; boundary=x: not kept)'],
    ['text/plain; charset=utf-16', '(text/plain; charset=utf-16: not kept)'],
  ])('of %s is not', (type, said) => {
    expect(kept('planted-token-0123456789', type)).toBe(said)
  })

  it.each([
    ['text/csv', 'user,password\na,HIDDEN', '(a column of secrets: not kept)'],
    [
      'text/plain',
      '--b\r\nContent-Disposition: form-data; name="password"\r\n\r\nHIDDEN\r\n--b--',
      '(parts of a form: not kept)',
    ],
    ['application/x-www-form-urlencoded', "pwd=a'HIDDEN&a=1", 'pwd=[redacted]&a=1'],
  ])('of %s hides what no name beside it tells of', (type, text, said) => {
    expect(kept(text, type)).toBe(said)
  })

  it('is nothing when nothing came, and no text when it has zeros in it', () => {
    expect(kept('', 'text/plain')).toBeUndefined()
    expect(kept(Buffer.from('ab', 'utf16le'), 'text/plain')).toBe('(not a text: not kept)')
  })

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['br', brotliCompressSync],
  ] as const)('in %s is decoded, as far as its beginning goes', (coding, encode) => {
    const text = `{"note":"${'some words. '.repeat(20)}"}`
    expect(kept(encode(text), 'application/json', coding)).toBe(text)
    let noise = ''
    for (let i = 0; i < 20_000; i++) noise += `${(i * 7_919) % 10_007} `
    const long = kept(encode(noise), 'text/plain', coding) ?? ''
    expect(long).toHaveLength(mostShown + 1)
    expect(noise.startsWith(long.slice(0, -1))).toBe(true)
    expect(kept('no such coding', 'text/plain', coding)).toBe(
      `(content coding "${coding}": not decoded)`,
    )
  })

  it('in zstd is decoded when it is short: its blocks are long', () => {
    const text = '{"a":1}'
    expect(kept(zstdCompressSync(text), 'application/json', 'zstd')).toBe(text)
    let noise = ''
    for (let i = 0; i < 20_000; i++) noise += `${(i * 7_919) % 10_007} `
    const said = '(content coding "zstd": not decoded)'
    expect(kept(zstdCompressSync(noise), 'text/plain', 'zstd')).toBe(said)
  })

  it('shows nothing near its end when what tells of a secret may stand behind it', () => {
    const long = `{"token":"${'x'.repeat(8_140)}","u":"https://user:HIDDEN0123456789012345678901@host/"}`
    expect(long.slice(0, 8_192)).toContain('HIDDEN')
    expect(long.slice(0, 8_192)).not.toContain('@host')
    expect(kept(long, 'application/json')).toBe('…')
    expect(kept(long.slice(0, 8_192), 'application/json')).toContain('"token":"[redacted]"')
  })

  it('shows no token that its end cuts off, and no bomb is decoded', () => {
    const filler = 'x'.repeat(mostShown - 14)
    const shown = kept(`${filler}planted-token-0123456789`, 'text/plain') ?? ''
    expect(shown).not.toContain('planted')
    const late = kept(`${'x'.repeat(8_175)}planted-token-0123456789`, 'text/plain') ?? ''
    expect(late).not.toContain('planted')
    expect(kept(gzipSync(Buffer.alloc(50_000_000, 'a')), 'text/plain', 'gzip')).toBe(
      '(content coding "gzip": not decoded)',
    )
  })
})
