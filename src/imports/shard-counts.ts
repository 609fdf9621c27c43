/** Graph's refusal to count, in its words. */
export interface CountRefusal {
  readonly refused: string
}

/** What the planner asks of the directory; both may be asked many times at once. */
export interface ShardSource {
  /** How many rows a filter finds. */
  count(filter: string): Promise<number | CountRefusal>
  /** Values of the property of some rows that a filter finds; empty when there is no telling. */
  sample(filter: string | undefined): Promise<readonly string[]>
}

/** A count was refused: the attempt is over. */
export class Refused extends Error {}

/** Asks, remembers and keeps to the limit. */
export interface Asking {
  /** Whether so many more questions may be asked for what need not be known. */
  mayAsk(questions: number): boolean
  /** Asks once for each filter; a refusal ends the attempt. */
  count(filter: string): Promise<number>
  sample(filter: string | undefined): Promise<readonly string[]>
  asked(): number
}

/** Makes the questions of one plan. */
export function createAsking(source: ShardSource, maxAsked: number): Asking {
  const counts = new Map<string, Promise<number | CountRefusal>>()
  const samples = new Map<string | undefined, Promise<readonly string[]>>()
  const asked = (): number => counts.size + samples.size
  return {
    asked,
    mayAsk: (questions) => asked() + questions <= maxAsked,
    count: async (filter) => {
      const known = counts.get(filter)
      const asking = known ?? source.count(filter)
      if (known === undefined) counts.set(filter, asking)
      const count = await asking
      if (typeof count !== 'number') throw new Refused(count.refused)
      return count
    },
    sample: async (filter) => {
      const known = samples.get(filter)
      const asking = known ?? source.sample(filter)
      if (known === undefined) samples.set(filter, asking)
      return (await asking).map((name) => name.toLowerCase())
    },
  }
}
