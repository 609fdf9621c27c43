/** One side of a comparison. */
export interface Side<Outcome> {
  readonly name: string
  /** One measurement, in a fresh process. */
  run(): Promise<Outcome>
}

/** Where the benchmark tells how far it is; one line, without its end. */
export type Tell = (line: string) => void

/**
 * Runs every side once a round, each round beginning with another side, so that what changes on the
 * machine meanwhile meets all of them alike. Resolves with the outcomes of each side by its name,
 * round by round.
 */
export async function interleave<Outcome>(
  sides: readonly Side<Outcome>[],
  rounds: number,
  tell: (side: string, outcome: Outcome, round: number) => void,
): Promise<(name: string) => readonly Outcome[]> {
  const outcomes = new Map<string, Outcome[]>(sides.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    const first = round % sides.length
    for (const side of [...sides.slice(first), ...sides.slice(0, first)]) {
      const outcome = await side.run()
      outcomes.get(side.name)?.push(outcome)
      tell(side.name, outcome, round + 1)
    }
  }
  return (name) => outcomes.get(name) ?? []
}
