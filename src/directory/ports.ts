import type { ObjectKind } from './collections.ts'

/** Names a directory object. */
export interface DirectoryKey {
  readonly tenantId: string
  readonly kind: ObjectKind
  readonly id: string
}

/** A directory object as imported: Graph's own JSON, so that null, absent and never-set stay apart. */
export interface DirectoryObject extends DirectoryKey {
  readonly properties: Readonly<Record<string, unknown>>
  readonly updatedAt: number
}

/** Look-ups in the imported directory. */
export interface DirectoryStore {
  findObject(key: DirectoryKey): Promise<DirectoryObject | undefined>
  countObjects(tenantId: string, kind: ObjectKind): Promise<number>
}
