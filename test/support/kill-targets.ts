import type { CollectionName } from '../../src/directory/index.ts'
import { emptyDatabase } from './postgres.ts'
import { csvRows, expectedRows, postgresRows, sqliteRows, type Snapshot } from './snapshots.ts'
import { fileUsers, groundTruth, storedUsers, type Workspace } from './workspace.ts'

/** A destination whose import is killed again and again, and how to read what came of it. */
export interface KillTarget {
  /** What `--to` says. */
  readonly to: string
  readonly collections: readonly CollectionName[]
  readonly env: Readonly<Record<string, string>>
  /** What stands there of each collection, and what should. */
  compare(): Promise<readonly (readonly [seen: Snapshot, expected: Snapshot])[]>
  dispose(): Promise<void>
}

/** The destinations that the kill tests go through. */
export const killTargets = [
  'store',
  'ndjson',
  'csv',
  'sqlite',
  'postgres',
  'groups and edges to sqlite',
  'groups and edges to the store',
] as const

const edges = ['groups', 'members', 'owners'] as const

/** Makes a target in a workspace. */
export async function makeKillTarget(
  kind: (typeof killTargets)[number],
  workspace: Workspace,
): Promise<KillTarget> {
  const { simulator } = workspace
  const users = { collections: ['users'], env: {}, dispose: async () => {} } as const
  const tables = async (
    collections: readonly CollectionName[],
    read: (collection: CollectionName) => Promise<Snapshot>,
  ): ReturnType<KillTarget['compare']> =>
    await Promise.all(
      collections.map(async (one) => [await read(one), expectedRows(simulator, one)] as const),
    )
  switch (kind) {
    case 'store':
      return {
        ...users,
        to: 'store',
        compare: async () => [[await storedUsers(workspace), groundTruth(simulator)]],
      }
    case 'ndjson':
      return {
        ...users,
        to: 'ndjson:out',
        compare: async () => [
          [await fileUsers(workspace.path('out/users.ndjson')), groundTruth(simulator)],
        ],
      }
    case 'csv':
      return {
        ...users,
        to: 'csv:out',
        compare: () => tables(['users'], () => csvRows(workspace.path('out/users.csv'))),
      }
    case 'sqlite':
      return {
        ...users,
        to: 'sqlite:out.db',
        compare: () => tables(['users'], (one) => sqliteRows(workspace.path('out.db'), one)),
      }
    case 'groups and edges to sqlite':
      return {
        ...users,
        to: 'sqlite:out.db',
        collections: edges,
        compare: () => tables(edges, (one) => sqliteRows(workspace.path('out.db'), one)),
      }
    case 'groups and edges to the store':
      return {
        ...users,
        to: 'store',
        collections: edges,
        // Through the views an operator reads; edges alone have the same columns everywhere.
        compare: () =>
          tables(['members', 'owners'], (one) => sqliteRows(workspace.path('evergrant.db'), one)),
      }
    case 'postgres': {
      const database = await emptyDatabase()
      return {
        ...users,
        to: database.url,
        env: { PGPASSWORD: database.password().reveal() },
        compare: () => tables(['users'], (one) => postgresRows(database, one)),
        dispose: () => database.dispose(),
      }
    }
  }
}
