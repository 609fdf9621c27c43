import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createLinkScanner } from './link-scanner.ts'

function scan(text: string, sizes: readonly number[] = [7]): string {
  const scanner = createLinkScanner((link) => `new:${link}`)
  const bytes = Buffer.from(text)
  const out: Buffer[] = []
  for (let at = 0, n = 0; at < bytes.length; n++) {
    const size = sizes[n % sizes.length] ?? 1
    out.push(...scanner.push(bytes.subarray(at, at + size)))
    at += size
  }
  out.push(...scanner.end())
  return Buffer.concat(out).toString()
}

it('changes links of the outermost object alone, and nothing else of it', () => {
  const deep =
    '{"value":[{"@odata.nextLink":"a"}],"x":"@odata.nextLink", "y" :{"odata.nextLink":"b"}'
  expect(scan(`${deep}, "@odata.nextLink" : "c\\/d", "@odata.deltaLink":null}`)).toBe(
    `${deep}, "@odata.nextLink" : "new:c/d", "@odata.deltaLink":null}`,
  )
  expect(scan('[{"@odata.nextLink":"a"}]')).toBe('[{"@odata.nextLink":"a"}]')
  expect(scan('"@odata.nextLink"')).toBe('"@odata.nextLink"')
  expect(scan('no JSON, "@odata.nextLink":"a"')).toBe('no JSON, "@odata.nextLink":"a"')
})

it('does to any JSON in any pieces what changing the parsed value does', () => {
  const name = fc.oneof(
    fc.constantFrom('@odata.nextLink', '@odata.deltaLink', 'odata.nextLink', 'value', 'a"\\', 'é'),
    fc.string(),
  )
  const object = fc.dictionary(name, fc.oneof(fc.jsonValue(), fc.string(), fc.webUrl()))
  const links = ['@odata.nextLink', '@odata.deltaLink', 'odata.nextLink', 'odata.deltaLink']
  const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(object, sizes, fc.constantFrom(0, 2), (value, pieces, indent) => {
      const text = JSON.stringify(value, null, indent)
      const parsed = JSON.parse(text) as Record<string, unknown>
      for (const link of links) {
        if (typeof parsed[link] === 'string') parsed[link] = `new:${parsed[link]}`
      }
      expect(JSON.parse(scan(text, pieces))).toEqual(parsed)
    }),
    { numRuns: 60 },
  )
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), sizes, (text, pieces) => {
      // Whatever it is, nothing of it is lost where there is no link.
      const plain = text.replaceAll('odata', '')
      expect(scan(plain, pieces)).toBe(Buffer.from(plain).toString())
    }),
  )
})
