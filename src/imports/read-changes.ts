/** What a run has read that read changes alone. */
export interface ReadChanges {
  /** Objects that Graph named, one named twice counting twice. */
  readonly named: number
  readonly changed: number
  readonly gone: number
}

/** What of a collection's record tells that. */
interface ReadRecord {
  readonly delta?: {
    readonly purpose: string
    readonly state: string
    readonly named?: number
    readonly changed: number
    readonly gone: number
  }
}

/** Adds up what was read of changes alone; undefined when everything was read. */
export function readChangesOf(records: readonly ReadRecord[]): ReadChanges | undefined {
  const rounds = records.flatMap(({ delta }) =>
    delta?.purpose === 'since' && delta.state === 'applied' ? [delta] : [],
  )
  if (rounds.length === 0) return undefined
  const sum = (of: (round: (typeof rounds)[number]) => number): number =>
    rounds.reduce((total, round) => total + of(round), 0)
  return {
    // Older releases did not keep it.
    named: sum(({ named, changed, gone }) => named ?? changed + gone),
    changed: sum(({ changed }) => changed),
    gone: sum(({ gone }) => gone),
  }
}

/** What a run has read, for people: of changes alone what they were, of pages what came with them. */
export function describeAmount(
  { rows, pages }: { readonly rows: number; readonly pages: number },
  changes: ReadChanges | undefined,
): string {
  const count = (value: number, one: string): string =>
    `${value.toLocaleString('en-US')} ${value === 1 ? one : `${one}s`}`
  const told =
    changes === undefined
      ? []
      : [
          changes.named === 0
            ? 'nothing has changed'
            : `${count(changes.named, 'change')} named, ${changes.changed.toLocaleString('en-US')} read anew, ${changes.gone.toLocaleString('en-US')} gone`,
        ]
  const read = `${count(rows, 'row')} in ${count(pages, 'page')}`
  return (pages > 0 || changes === undefined ? [...told, read] : told).join(', ')
}
