import type { Progress, RunRecord } from './ports.ts'

/** The collections of a run in the order they are read. */
export function inReadingOrder(
  { options }: Pick<RunRecord, 'options'>,
  known: readonly Progress[],
): readonly Progress[] {
  return options.collections.flatMap((name) =>
    known.filter(({ collection }) => collection.collection === name),
  )
}
