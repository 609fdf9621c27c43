import type { JournalEntry } from './journal.ts'
import type { Tenant } from './tenants.ts'

/** Questions whose answers are kept, of each tenant. */
const mostKept = 300

interface Remembered {
  /** How much had happened when these answers were right. */
  readonly happened: number
  readonly answers: Map<string, readonly number[]>
}

const remembered = new WeakMap<readonly JournalEntry[], Remembered>()

/**
 * Positions that match a question, looked for once: every page and count of a filtered walk would
 * go through the whole collection else. Whatever happens in the tenant makes it look again.
 */
export function rememberedMatches(
  { journal }: Pick<Tenant, 'journal'>,
  question: string,
  look: () => Iterable<number>,
): readonly number[] {
  const { entries } = journal
  let known = remembered.get(entries)
  if (known?.happened !== entries.length || known.answers.size >= mostKept) {
    known = { happened: entries.length, answers: new Map() }
    remembered.set(entries, known)
  }
  const answer = known.answers.get(question) ?? [...look()]
  known.answers.set(question, answer)
  return answer
}
