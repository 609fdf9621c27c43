import { createOverlay } from './person-change.ts'
import { applyUserChange, createUserView } from './user-changes.ts'
import type { UserChange } from './user-changes.ts'
import type { UserView } from './user-view.ts'

/** How far the index of advanced queries is behind, and what it has not learned yet. */
export interface SearchLag {
  lagMs: number
  /** The directory as the index knows it; undefined while it is not behind at all. */
  view: UserView | undefined
  pending: { readonly at: number; readonly change: UserChange }[]
}

/** Changes how far the index is behind; what it knows so far it goes on from. */
export function setSearchLag(lag: SearchLag, users: UserView, milliseconds: number): void {
  lag.lagMs = milliseconds
  if (milliseconds === 0) {
    lag.view = undefined
    lag.pending = []
  } else lag.view ??= copyOf(users)
}

/** Takes the index back to a directory it knows wholly, behind by so much from now on. */
export function resetSearchLag(lag: SearchLag, users: UserView, milliseconds: number): void {
  setSearchLag(lag, users, 0)
  setSearchLag(lag, users, milliseconds)
}

/** Tells the index of a change, which it learns in its time. */
export function announceToSearch(lag: SearchLag, change: UserChange, now: number): void {
  if (lag.view !== undefined) lag.pending.push({ at: now, change })
}

/** The users as advanced queries see them at an instant. */
export function searchedUsers(
  users: UserView & { readonly lag: SearchLag },
  now: number,
): UserView {
  const { lag } = users
  const { view } = lag
  if (view === undefined) return users
  const due = lag.pending.findIndex(({ at }) => at + lag.lagMs > now)
  const learned = lag.pending.splice(0, due < 0 ? lag.pending.length : due)
  for (const { change } of learned) applyUserChange(view, change)
  return view
}

function copyOf({ population, userCount, deletedUsers }: UserView): UserView {
  const overlay = createOverlay(population.overlay)
  return createUserView({ ...population, overlay }, userCount, new Set(deletedUsers))
}
