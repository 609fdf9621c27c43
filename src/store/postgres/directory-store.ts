import type { DirectoryStore } from '../../directory/index.ts'
import { listObjects } from '../rows/account-listing.ts'
import { createAccountReads } from './account-reads.ts'
import type { Connection } from './connection.ts'
import { listEdges } from './edges.ts'
import type { Lookups } from './lookups.ts'
import { keyOfId } from './object-ids.ts'
import { findSpace } from './spaces.ts'

/** Looks up what imports have stored. */
export function createDirectoryStore(connection: Connection, lookups: Lookups): DirectoryStore {
  const { read } = connection
  return {
    findObject: async (key) => {
      const row = await read(
        async (reader) =>
          await reader.row<{ properties: string; updated_at: number }>(
            `SELECT properties, updated_at
             FROM evergrant.directory_objects JOIN evergrant.directory_spaces USING (space_id)
             WHERE tenant_id = $1 AND kind = $2 AND object_id = $3 AND deleted_at IS NULL`,
            [key.tenantId, key.kind, keyOfId(key.id)],
          ),
      )
      if (row === undefined) return undefined
      const properties = JSON.parse(row.properties) as Record<string, unknown>
      return { ...key, properties, updatedAt: row.updated_at }
    },
    listObjects: async (query) => await listObjects(createAccountReads(connection, lookups), query),
    countObjects: async (tenantId, kind) => {
      const space = await read(async (reader) => await findSpace(reader, { tenantId, kind }))
      return space?.objects ?? 0
    },
    listGroupsOf: async (query) =>
      await read(async (reader) => await listEdges(reader, 'member', query)),
    listMembers: async (query) =>
      await read(async (reader) => await listEdges(reader, 'group', query)),
  }
}
