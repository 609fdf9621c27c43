/** What was changed of one person, or, of a created one, everything. */
export interface PersonChange {
  /** Values in place of the drawn ones, by the property's own name. */
  readonly values: Readonly<Record<string, unknown>>
  /** Properties that had a value once and are null now: a delta tells them from never set ones. */
  readonly cleared: ReadonlySet<string>
}

/** The people of a tenant who are not, or no more, as the seed drew them. */
export interface PeopleOverlay {
  readonly byIndex: Map<number, PersonChange>
  /** Indexes of changed people by their userPrincipalName in lower case. */
  readonly byName: Map<string, number>
}

/** Makes an overlay, a copy of another one where it is named. */
export function createOverlay(of?: PeopleOverlay): PeopleOverlay {
  return { byIndex: new Map(of?.byIndex), byName: new Map(of?.byName) }
}

/** Makes an overlay say what another one says. */
export function restoreOverlay(overlay: PeopleOverlay, from: PeopleOverlay): void {
  for (const name of ['byIndex', 'byName'] as const) {
    const target = overlay[name] as Map<unknown, unknown>
    target.clear()
    for (const [key, value] of from[name]) target.set(key, value)
  }
}

/** Puts a change in place of the one before. */
export function putChange(overlay: PeopleOverlay, index: number, change: PersonChange): void {
  releaseName(overlay, index)
  overlay.byIndex.set(index, change)
  claimName(overlay, index)
}

/** Lets the name of a changed person lead to them, as after they were restored. */
export function claimName(overlay: PeopleOverlay, index: number): void {
  const name = nameOf(overlay, index)
  if (name !== undefined) overlay.byName.set(name, index)
}

/** Forgets everyone from an index on: a tenant that shrank and grows again has new people there. */
export function forgetFrom(overlay: PeopleOverlay, index: number): void {
  for (const changed of overlay.byIndex.keys()) {
    if (changed < index) continue
    releaseName(overlay, changed)
    overlay.byIndex.delete(changed)
  }
}

function releaseName(overlay: PeopleOverlay, index: number): void {
  const name = nameOf(overlay, index)
  if (name !== undefined && overlay.byName.get(name) === index) overlay.byName.delete(name)
}

function nameOf(overlay: PeopleOverlay, index: number): string | undefined {
  const name = overlay.byIndex.get(index)?.values['userPrincipalName']
  return typeof name === 'string' ? name.toLowerCase() : undefined
}
