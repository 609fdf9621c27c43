import type { FilterPredicate } from './filter-rules.ts'
import type { FilterNode } from './filter-syntax.ts'
import type { PeopleOverlay } from './person-change.ts'
import type { Population } from './person.ts'

/** The users of a tenant as one kind of query sees them. */
export interface UserView {
  readonly population: Population & { readonly overlay: PeopleOverlay }
  /** Indexes from here on are nobody. */
  userCount: number
  /** Indexes of deleted users. */
  readonly deletedUsers: Set<number>
  /** Finds who matches a filter. */
  readonly index: UserIndex
}

/** A filter of users, ready to be asked of an index. */
export interface UserFilter {
  readonly text: string
  readonly node: FilterNode
  readonly matches: FilterPredicate
}

/** Answers filters without looking at everybody, where they ask for names or ids. */
export interface UserIndex {
  /** Indexes of the living users that match, in ascending order. */
  find(filter: UserFilter): Uint32Array
  /** Tells that what filters read of somebody is no more what it was. */
  touch(index: number): void
  /** Tells that answers given so far hold no more, though nobody's names changed. */
  forget(): void
  /** Tells that nothing holds any more. */
  clear(): void
}
