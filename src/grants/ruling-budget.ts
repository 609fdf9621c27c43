/** Fruitless forced renewals allowed within `budgetWindowMs`. */
export const fruitlessBudget = 3

/** The window of the budget for fruitless forced renewals (ms). */
export const budgetWindowMs = 5 * 60_000

/** Whose judgement it is that a token was refused: one rule about the answers of one upstream. */
export interface Ruling {
  readonly rule: string
  readonly upstream: string
}

/** When a ruling had tokens renewed, oldest first, at most `fruitlessBudget`. */
export interface RulingSpending extends Ruling {
  readonly at: readonly number[]
}

/** How many rulings one slot keeps account of. */
export const rulingsKept = 64

/**
 * Tells until when a ruling may have no token renewed; undefined when it may. A renewal is
 * fruitless when the same ruling refuses what it brought within five minutes, and three of them are
 * allowed in five minutes: a rule that takes good answers for refusals, or an API that refuses
 * every token, costs that much and then lets the token serve. Where there is no room for the
 * account of another ruling, so many of them refuse tokens that this one must wait, too.
 */
export function pausedUntil(
  spendings: readonly RulingSpending[],
  ruling: Ruling,
  now: number,
): number | undefined {
  const living = spendings.map((one) => current(one, now)).filter(({ at }) => at.length > 0)
  const own = living.find((one) => isSame(one, ruling))
  if (own !== undefined) {
    return own.at.length < fruitlessBudget ? undefined : (own.at[0] ?? now) + budgetWindowMs
  }
  if (living.length < rulingsKept) return undefined
  return Math.min(...living.map(({ at }) => (at.at(-1) ?? now) + budgetWindowMs))
}

/** Enters a renewal into the account of its ruling, which must not be paused. */
export function spend(
  spendings: readonly RulingSpending[],
  { rule, upstream }: Ruling,
  now: number,
): readonly RulingSpending[] {
  const living = spendings.map((one) => current(one, now)).filter(({ at }) => at.length > 0)
  const own = living.find((one) => isSame(one, { rule, upstream }))
  const others = living.filter((one) => one !== own)
  return [...others, { rule, upstream, at: [...(own?.at ?? []), now].slice(-fruitlessBudget) }]
}

/** What lies ahead was entered before the clock was turned back, and counts as over. */
function current(spending: RulingSpending, now: number): RulingSpending {
  return { ...spending, at: spending.at.filter((at) => at <= now && now - at < budgetWindowMs) }
}

function isSame(a: Ruling, b: Ruling): boolean {
  return a.rule === b.rule && a.upstream === b.upstream
}
