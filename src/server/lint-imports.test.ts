import { describe, expect, it } from 'vitest'
import { accepted, importing } from '../../test/support/config-text.ts'
import { collections, type CollectionName } from '../directory/index.ts'
import { tellsChanges } from '../imports/index.ts'
import { lintImports } from './lint-imports.ts'

const notesOn = async (entry: string): ReturnType<typeof lintImports> =>
  await lintImports(accepted(importing(`{ connection: contoso-graph, ${entry} }`)))

describe('the lint of imports', () => {
  it.each([
    ['reads changes that Graph tells', 'collections: [users, groups, members], delta: true'],
    ['reads everything anyway', 'collections: [users, owners, manager]'],
    [
      'drops the column that no delta tells',
      'collections: [users], columns: [mail, signInActivity], policy: { drop: [signinactivity] }, delta: true',
    ],
    [
      'is refused, which is told elsewhere',
      'collections: [users, owners], policy: { drop: [mial] }, delta: true',
    ],
  ])('says nothing of an import that %s', async (_what, entry) => {
    expect(await notesOn(entry)).toEqual([])
  })

  it('names the collections that a run with "delta" reads whole', async () => {
    const names = 'users, owners, roleMembers, manager, signInActivity'
    expect(await notesOn(`collections: [${names}], delta: true`)).toEqual([
      {
        askedBy: 'imports.nightly.delta',
        found:
          'Graph does not tell changes of owners, roleMembers, manager and signInActivity: every run reads all of them.',
        remedy: 'Give them an import of their own that is due less often, if that is too much.',
      },
    ])
    expect(await notesOn('collections: [manager], delta: true')).toMatchObject([
      {
        found: 'Graph does not tell changes of manager: every run reads all of it.',
        remedy: 'Leave "delta" out: it spares nothing here.',
      },
    ])
  })

  it('names each collection that runs read whole, and no other', async () => {
    const said = async (name: CollectionName): Promise<boolean> =>
      (await notesOn(`collections: [${name}], delta: true`)).length > 0
    for (const name of Object.keys(collections) as CollectionName[]) {
      expect([name, await said(name)]).toEqual([name, !tellsChanges(name)])
    }
  })

  it('names the columns whose changes no delta tells, however they are spelt', async () => {
    const hashed = 'policy: { hash: { columns: [mail], key: { env: A } } }'
    const columns = 'columns: [mail, SignInActivity, manager]'
    expect(await notesOn(`collections: [users], ${columns}, ${hashed}, delta: true`)).toEqual([
      {
        askedBy: 'imports.nightly.delta',
        found:
          'No delta tells when SignInActivity and manager of users change: every run reads all of users.',
        remedy: 'Leave them out, or give them an import of their own, if that is too much.',
      },
    ])
  })
})
