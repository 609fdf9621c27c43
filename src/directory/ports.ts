import type { AccountPlace } from './account-ports.ts'
import type { ObjectKind, RowKind } from './collections.ts'

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

/** That an object is a direct member of a group. */
export interface Membership {
  readonly groupId: string
  readonly memberId: string
  /**
   * What the member is: `user`, `group`, `device`, `servicePrincipal`, `orgContact`, as Graph types
   * it; `directoryObject` where Graph does not say.
   */
  readonly memberType: string
}

/** One page of memberships. */
export interface MembershipQuery {
  readonly tenantId: string
  /** The group or the member, whichever is looked up. GUIDs are one whatever their case. */
  readonly id: string
  readonly limit: number
  /** Only what follows this id of the other side: the last one of the page before. */
  readonly after?: string
}

/**
 * One page of objects: by tenant, and within it as they were first imported; of a search in the
 * order of what was found.
 */
export interface ObjectListQuery {
  readonly kind: ObjectKind
  readonly tenantId?: string
  /** Beginning of userPrincipalName, mail or displayName, whatever the case of ASCII letters. */
  readonly search?: string
  readonly limit: number
  readonly after?: AccountPlace
}

/** A page of objects; fewer than asked for, or none, where its share of work was done before. */
export interface ObjectPage {
  readonly objects: readonly DirectoryObject[]
  /** Where to go on; absent at the end. */
  readonly next?: AccountPlace
}

/**
 * Look-ups in the imported directory. What a complete import no longer met is marked as deleted and
 * is left out of all of them, until an import meets it again.
 */
export interface DirectoryStore {
  findObject(key: DirectoryKey): Promise<DirectoryObject | undefined>
  /** Lists objects; each page is bounded work, as of `AccountStore.listAccounts`. */
  listObjects(query: ObjectListQuery): Promise<ObjectPage>
  /** How many live objects or memberships of a tenant are known. */
  countObjects(tenantId: string, kind: RowKind): Promise<number>
  /** The live memberships of one member, by the group's id. */
  listGroupsOf(query: MembershipQuery): Promise<readonly Membership[]>
  /** The live memberships of one group, by the member's id. */
  listMembers(query: MembershipQuery): Promise<readonly Membership[]>
}
