import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCsv } from './csv-records.ts'
import { readPeopleList } from './people-list.ts'

const problemsOf = (text: string): readonly string[] =>
  readPeopleList(text).problems.map(({ place, problem }) => `${place}: ${problem}`)

describe('a list of people', () => {
  it('is refused by its header', () => {
    expect(problemsOf('')).toEqual([
      'line 1: expected a header with person, tenant, account, but saw no person, tenant, account',
    ])
    expect(problemsOf('person,tenant,account,rank\nAnn,t,a,1')).toEqual([
      'line 1: expected the columns person, tenant, account, kind, role, connections, but saw "rank"',
    ])
    expect(problemsOf('person,tenant,account,tenant\n')).toEqual([
      'line 1: the column "tenant" stands twice',
    ])
    expect(problemsOf('person,tenant,account\n"Ann,t,a\n')).toEqual([
      'line 1: a quoted cell somewhere below is never closed',
    ])
  })

  it('names every line that cannot be read, by its number in the file', () => {
    const csv = 'person,tenant,account,kind\n\nAnn,t\n"Bob\n",t,a,user\nCid,t,a,device\n'
    expect(problemsOf(csv)).toEqual([
      'line 3: expected 4 cells, but saw 2',
      'line 6: expected the kind user or servicePrincipal, but saw "device"',
    ])
    const lines = [
      '{"person":"Ann","tenant":"t","account":"a"}',
      '{"person":"Ann"',
      '[]',
      '{"person":1}',
      '{"name":"Ann"}',
      '{"person":"Ann","connections":[1]}',
    ]
    expect(problemsOf(lines.join('\r\n'))).toEqual([
      'line 2: expected a JSON object on one line',
      'line 3: expected a JSON object on one line',
      'line 4: expected a text as "person"',
      'line 5: expected person, tenant, account, kind, role, connections, but saw "name"',
      'line 6: expected names as "connections", in a list or parted by blanks',
    ])
  })

  it('says the same as CSV and as NDJSON', () => {
    const csv =
      '\uFEFFPerson,tenant,account,role,connections\r\n"Ann ""A"" Archer",t,ann@x,admin,csp; graph\r\nBob,t,b,,\r\n'
    const json = [
      {
        person: 'Ann "A" Archer',
        tenant: 't',
        account: 'ann@x',
        role: 'admin',
        connections: ['csp', 'graph'],
      },
      { person: 'Bob', tenant: 't', account: 'b', role: null },
    ]
    const entries = [
      {
        place: 'line 2',
        person: 'Ann "A" Archer',
        tenant: 't',
        account: 'ann@x',
        kind: 'user',
        role: 'admin',
        connections: ['csp', 'graph'],
      },
      { place: 'line 3', person: 'Bob', tenant: 't', account: 'b', kind: 'user', connections: [] },
    ]
    expect(readPeopleList(csv)).toMatchObject({ entries, problems: [] })
    const text = `\n${json.map((one) => JSON.stringify(one)).join('\n')}`
    expect(readPeopleList(text)).toMatchObject({ entries, problems: [] })
  })
})

describe('CSV', () => {
  it('is read as it was written, whatever stands in its cells', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r\n', ' ', 'ß') })
    const rows = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { maxLength: 5 })
    fc.assert(
      fc.property(rows, fc.constantFrom('\n', '\r\n'), fc.boolean(), (cells, end, isEnded) => {
        const text = cells
          .map((row) => row.map((one) => `"${one.replaceAll('"', '""')}"`).join(','))
          .join(end)
        const { records, isOpen } = readCsv(isEnded ? text + end : text)
        expect(records.map((record) => record.cells)).toEqual(cells)
        expect(isOpen).toBe(false)
        const starts = cells.map((_, at) => {
          const before = cells.slice(0, at)
          return 1 + at + before.flat().join('').split('\n').length - 1
        })
        expect(records.map(({ line }) => line)).toEqual(starts)
      }),
    )
  })
})
