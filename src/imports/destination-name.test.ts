import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatDestination, parseDestination } from './destination-name.ts'

const parse = (text: string): ReturnType<typeof parseDestination> =>
  parseDestination(text, (path) => `/work/${path}`)

describe('a destination', () => {
  test.each([
    'stores',
    'ndjson:',
    'csv',
    'sqlite:',
    'mysql://root:planted-secret@db/x',
    'postgres:planted-secret',
    'postgres://:planted-secret@db/x',
    'postgres://u:planted-secret@db/x',
    'postgres://u@db/x?password=planted-secret',
    'postgres://u@db',
    'postgres:///x',
  ])('%j is refused, without quoting a password', (text) => {
    const refused = (): unknown => parse(text)
    expect(refused).toThrow(expect.objectContaining({ code: 'destination_invalid' }))
    expect(refused).not.toThrow(/planted-secret/)
  })

  test.each([
    ['store', 'store'],
    ['ndjson:out', 'ndjson:/work/out'],
    ['csv:out', 'csv:/work/out'],
    ['sqlite:a:b.db', 'sqlite:/work/a:b.db'],
    ['postgres://u@db.example.com/x', 'postgres://u@db.example.com/x'],
    ['postgresql://u@[::1]:5433/x?sslmode=disable', 'postgres://u@[::1]:5433/x?sslmode=disable'],
    [
      'postgres://u@localhost/x?host=/run/postgresql',
      'postgres://u@localhost/x?host=/run/postgresql',
    ],
  ])('%j is written as %j, and read again', (text, canonical) => {
    const formatted = formatDestination(parse(text))
    expect(formatted).toBe(canonical)
    expect(formatDestination(parseDestination(formatted, (path) => path))).toBe(canonical)
  })

  test('never quotes what follows the kind, whatever is wrong with it', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('http', 'postgres', 'mysql', 'x', 'postgres://u@h/x?password='),
        fc.base64String(),
        (kind, end) => {
          const refused = (): unknown => parse(`${kind}:planted-secret${end}`)
          expect(refused).not.toThrow(/planted-secret/)
        },
      ),
    )
  })
})
