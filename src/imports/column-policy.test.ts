import { describe, expect, it } from 'vitest'
import { policeColumns } from './column-policy.ts'

const columns = {
  users: ['id', 'displayName', 'mail', 'mobilePhone'],
  groups: ['id', 'displayName', 'description'],
  members: ['groupId', 'memberId', 'memberType'],
}

const fields = {
  drop: '"imports.a.policy.drop"',
  hash: '"imports.a.policy.hash.columns"',
  refusal: 'config_invalid',
} as const

describe('a policy is refused', () => {
  it.each([
    ['that drops the id', { drop: ['ID'], hash: [] }, 'other than "id"'],
    ['that hashes the id', { drop: [], hash: ['id'] }, '"imports.a.policy.hash.columns": expected'],
    [
      'with a name that is no column, which would pass in plain text',
      { drop: [], hash: ['mial'] },
      '"mial"',
    ],
    [
      'about memberships, whose columns are fixed',
      { drop: ['memberType'], hash: [] },
      'can be chosen',
    ],
    ['that drops and hashes the same', { drop: ['mail'], hash: ['Mail'] }, 'one of them'],
  ])('%s', (_, policy, told) => {
    expect(() => policeColumns(columns, { ...policy, fields })).toThrow(told)
  })

  it('and names the columns that can be chosen, of which "id" is none', () => {
    const few = { users: ['id', 'displayName', 'mail'] }
    expect(() => policeColumns(few, { drop: [], hash: ['mial'], fields })).toThrow(
      'that can be chosen (displayName, mail), but saw "mial"',
    )
  })

  it('in the words of whoever wrote it', () => {
    const typed = { drop: '--drop', hash: '--hash', refusal: 'usage' } as const
    const police = (drop: string[], hash: string[]) => () =>
      policeColumns(columns, { drop, hash, fields: typed })
    expect(police(['mial'], [])).toThrow(': --drop: expected columns of this import')
    expect(police([], ['id'])).toThrow(': --hash: ')
    expect(police(['mial'], [])).toThrow(expect.objectContaining({ code: 'usage' }))
    expect(police(['mail'], ['mail'])).toThrow(expect.objectContaining({ code: 'usage' }))
    for (const [drop, hash] of [
      [['mial'], []],
      [['mail'], ['mail']],
    ] as const) {
      expect(() => policeColumns(columns, { drop, hash, fields })).toThrow(
        expect.objectContaining({ code: 'config_invalid' }),
      )
    }
  })

  it('of an import whose columns are all fixed', () => {
    const { members } = columns
    expect(() => policeColumns({ members }, { drop: ['groupId'], hash: [], fields })).toThrow(
      'expected none, since the columns of this import are fixed, but saw "groupId"',
    )
  })
})

describe('a policy', () => {
  it('takes dropped columns out of every collection, and notes what is hashed as it is spelt', () => {
    const policy = { drop: ['DISPLAYNAME', 'mobilephone'], hash: ['Mail'], keyPrint: 'print' }
    expect(policeColumns(columns, { ...policy, fields })).toEqual({
      columns: {
        users: ['id', 'mail'],
        groups: ['id', 'description'],
        members: ['groupId', 'memberId', 'memberType'],
      },
      policy: { dropped: ['displayName', 'mobilePhone'], hashed: ['mail'], keyPrint: 'print' },
    })
  })

  it('that says nothing is none', () => {
    expect(policeColumns(columns, { drop: [], hash: [], fields })).toEqual({ columns })
  })
})
