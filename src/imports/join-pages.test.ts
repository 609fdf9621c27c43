import { expect, it } from 'vitest'
import { joinPages } from './join-pages.ts'
import { createPageScanner, type ScannedPage } from './scan-page.ts'

const scan = createPageScanner(['id', 'displayName'], undefined)

function pageOf(...rows: readonly object[]): ScannedPage {
  // A body that has its memory to itself, as one from the network has.
  const text = JSON.stringify({ value: rows })
  const body = Buffer.from(new ArrayBuffer(Buffer.byteLength(text)))
  body.write(text)
  const scanned = scan(body)
  if (!scanned.ok) throw new Error(scanned.error.detail)
  return scanned.value
}

it('keeps every row of several pages, in order, in each of its forms', () => {
  const joined = joinPages([
    pageOf({ id: 'a', displayName: 'Änne' }, { id: 'b' }),
    pageOf(),
    // Rewritten, so that its bytes are not those of the body.
    pageOf({ id: 'c', other: 1 }),
  ])
  const rows = ['{"id":"a","displayName":"Änne"}', '{"id":"b"}', '{"id":"c"}']
  expect(joined.rows.ids).toEqual(['a', 'b', 'c'])
  expect(rows.map((_, i) => joined.rows.json(i))).toEqual(rows)
  expect(rows.map((_, i) => Buffer.from(joined.rows.bytes?.(i) ?? []).toString())).toEqual(rows)
  expect(joined.toNdjson().toString()).toBe(rows.map((row) => `${row}\n`).join(''))
})

it('gives the memory of its pages back when it is released', () => {
  const pages = [pageOf({ id: 'a' }), pageOf({ id: 'b' })]
  const views = pages.map(({ rows }) => rows.bytes?.(0))
  joinPages(pages).release()
  expect(views.map((view) => view?.buffer.byteLength)).toEqual([0, 0])
})

it('leaves memory alone that it shares with others', () => {
  const body = Buffer.concat([Buffer.from('{"value":[{"id":"a"}]}'), Buffer.from('neighbour')])
  const scanned = scan(body.subarray(0, body.length - 9))
  if (!scanned.ok) throw new Error(scanned.error.detail)
  scanned.value.release()
  expect(body.toString()).toBe('{"value":[{"id":"a"}]}neighbour')
})
