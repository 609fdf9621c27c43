import type { DirectoryStore } from '../../directory/index.ts'
import { listObjects } from '../rows/account-listing.ts'
import { createAccountReads } from './account-reads.ts'
import type { Connection } from './connection.ts'
import { listEdges } from './edges.ts'
import { findRowId } from './object-keys.ts'
import { findSpace } from './spaces.ts'

/** Looks up what imports have stored. */
export function createDirectoryStore(connection: Connection): DirectoryStore {
  const { prepare, read } = connection
  return {
    findObject: async (key) =>
      await read(() => {
        const space = findSpace(connection, key)
        if (space === undefined) return undefined
        const rowId = findRowId(connection, space.space_id, key.id)
        if (rowId === undefined) return undefined
        const row = prepare<[number], { properties: string; updated_at: number }>(
          `SELECT properties, updated_at FROM directory_objects
           WHERE row_id = ? AND deleted_at IS NULL`,
        ).get(rowId)
        if (row === undefined) return undefined
        const properties = JSON.parse(row.properties) as Record<string, unknown>
        return { ...key, properties, updatedAt: row.updated_at }
      }),
    listObjects: async (query) => await listObjects(createAccountReads(connection), query),
    countObjects: async (tenantId, kind) =>
      await read(() => findSpace(connection, { tenantId, kind })?.objects ?? 0),
    listGroupsOf: async (query) => await read(() => listEdges(connection, 'member', query)),
    listMembers: async (query) => await read(() => listEdges(connection, 'group', query)),
  }
}
