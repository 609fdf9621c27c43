import { array, assert, property, string, tuple } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatFields, formatTable } from './table.ts'

describe('a table', () => {
  it('lets no control character of a cell reach the terminal', () => {
    const text = formatTable(['NAME'], [['a\u001b[2J\nb\u202ec']])
    expect(text).toBe('NAME\na [2J b c\n')
  })

  it('aligns columns, also under names in wide letters', () => {
    const text = formatTable(
      ['NAME', 'STATE'],
      [
        ['a', 'ok'],
        ['東京', 'failed'],
        ['longer', ''],
      ],
    )
    expect(text.split('\n')).toEqual([
      'NAME    STATE',
      'a       ok',
      '東京    failed',
      'longer',
      '',
    ])
  })

  it('has one line a row, whatever the cells hold', () => {
    assert(
      property(array(tuple(string({ unit: 'binary' }), string())), (rows) => {
        const lines = formatTable(['A', 'B'], rows).split('\n')
        expect(lines).toHaveLength(rows.length + 2)
        expect(lines.every((line) => line === line.trimEnd())).toBe(true)
      }),
    )
  })
})

describe('fields', () => {
  it('leave out what has no value and indent further lines', () => {
    const text = formatFields([
      ['name', 'contoso'],
      ['absent', undefined],
      ['last failure', 'one\ntwo'],
    ])
    expect(text).toBe('name          contoso\nlast failure  one\n              two\n')
  })
})
