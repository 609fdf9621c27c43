import type { ErrorDefinition } from '../errors/definition.ts'
import { errorDefinition, errorRegistry, type ErrorCode } from '../errors/registry.ts'
import { entraRemedies } from './entra.ts'
import { partnerCenterRemedies } from './partner-center.ts'
import type { Guidance, NumberedRemedy, RemedyActor } from './remedy.ts'

/** What is known of one code: ours, an AADSTS number or a number of Partner Center’s. */
export interface CatalogueEntry {
  /** `grant_lapsed`, `AADSTS50076`, or `900421` for Partner Center. */
  readonly code: string
  readonly title: string
  readonly meaning: string
  readonly actor: RemedyActor
  readonly remedy: string
  readonly steps: readonly string[]
  readonly link: string | null
  readonly retry: ErrorDefinition['retry']
  /** What differs where the tenant of a partner’s customer answered so. */
  readonly atCustomer?: NonNullable<NumberedRemedy['atCustomer']>
}

// The marks tell bundlers of the browser’s side that nothing of this is needed where nobody asks.
const byNumber: ReadonlyMap<number, NumberedRemedy> = /* @__PURE__ */ new Map(
  /* @__PURE__ */ entraRemedies.flatMap((one) => one.codes.map((code) => [code, one] as const)),
)

/** No two of them have the same words; a test holds that. */
const byWords: ReadonlyMap<string, NumberedRemedy> = /* @__PURE__ */ new Map(
  /* @__PURE__ */ [...entraRemedies, ...partnerCenterRemedies].map((one) => [one.remedy, one]),
)

/** Returns what is known of the first AADSTS number that is known at all. */
export function findEntraRemedy(numbers: readonly number[]): NumberedRemedy | undefined {
  for (const number of numbers) {
    const found = byNumber.get(number)
    if (found !== undefined) return found
  }
  return undefined
}

/** What a number of another side means, in a few words, by the words of its remedy. */
export function causeOf(remedy: string): string | undefined {
  return byWords.get(remedy)?.title
}

const ownByWords: ReadonlyMap<string, ErrorDefinition> = /* @__PURE__ */ new Map(
  /* @__PURE__ */ Object.values(errorRegistry).map((one) => [one.remedy, one]),
)

/** What guidance is found by. */
export interface GuidanceQuestion {
  /** Undefined where only the words of the remedy were kept. */
  readonly code?: ErrorCode | undefined
  readonly remedy: string
  readonly errorCodes?: readonly number[] | undefined
  /** The connection it is about, which steps that say `NAME` then name. */
  readonly name?: string | undefined
}

/**
 * What is to be done about an error, step by step. Made from what every stored failure has, so that
 * it reads alike wherever one is shown: by AADSTS number, else by the words of the remedy, which
 * name the entry they are of. A remedy that is nobody’s is its own only step.
 */
export function guidanceOf(question: GuidanceQuestion): Guidance {
  const { code, remedy, errorCodes = [], name } = question
  const numbered = findEntraRemedy(errorCodes) ?? byWords.get(remedy)
  if (numbered !== undefined) {
    const { meaning, link = null } = numbered
    if (code === 'customer_refused') {
      const { actor, steps } = numbered.atCustomer ?? { actor: 'operator', steps: [remedy] }
      return { meaning, steps: withCustomer(steps, name), link, actor }
    }
    return { meaning, steps: withName(numbered.steps, name), link, actor: numbered.actor }
  }
  const definition = code === undefined ? ownByWords.get(remedy) : errorDefinition(code)
  const own = remedy === definition?.remedy ? definition.steps : undefined
  return {
    meaning: null,
    steps: withName(own ?? [remedy], name),
    link: null,
    actor: definition?.actor ?? 'operator',
  }
}

/** Names of connections have no `$`, so that they can stand in a replacement as they are. */
function withName(steps: readonly string[], name: string | undefined): readonly string[] {
  return name === undefined ? steps : steps.map((step) => step.replaceAll(/\bNAME\b/g, name))
}

/** The same for a customer’s address, `name@customer`: its grant is the connection’s. */
function withCustomer(steps: readonly string[], address: string | undefined): readonly string[] {
  const [name, customer] = address?.split('@') ?? []
  const named = withName(steps, name)
  if (customer === undefined) return named
  return named.map((step) => step.replaceAll(/\bCUSTOMER\b/g, customer))
}

/** Every code with what is known of it: ours by name, then Entra’s and Partner Center’s by number. */
export const remedyCatalogue: readonly CatalogueEntry[] = /* @__PURE__ */ (() => [
  ...Object.entries(errorRegistry)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, definition]) => ownEntry(code, definition)),
  ...numberedEntries(entraRemedies, (code) => `AADSTS${code}`),
  ...numberedEntries(partnerCenterRemedies, String),
])()

/**
 * Finds an entry by a code as people have it before them: `grant_lapsed`, `AADSTS50076`, `50076`,
 * `900421`. A bare number that Entra and Partner Center both had would be Entra’s.
 */
export function findRemedy(text: string): CatalogueEntry | undefined {
  const code = text.trim()
  const wanted = /^aadsts\d+$/i.test(code) ? code.toUpperCase() : code
  return (
    remedyCatalogue.find((entry) => entry.code === wanted) ??
    remedyCatalogue.find((entry) => entry.code === `AADSTS${wanted}`)
  )
}

function ownEntry(code: string, definition: ErrorDefinition): CatalogueEntry {
  const { title, meaning, actor, remedy, steps, retry } = definition
  return {
    code,
    title,
    meaning,
    actor,
    remedy,
    steps: steps ?? [remedy],
    link: null,
    retry,
  }
}

function numberedEntries(
  remedies: readonly NumberedRemedy[],
  nameOf: (code: number) => string,
): readonly CatalogueEntry[] {
  return remedies
    .flatMap((one) => one.codes.map((code) => ({ code, one })))
    .toSorted((a, b) => a.code - b.code)
    .map(({ code, one: { title, meaning, actor, remedy, steps, link, retry, atCustomer } }) => ({
      code: nameOf(code),
      title,
      meaning,
      actor,
      remedy,
      steps,
      link: link ?? null,
      retry: retry === 'never' ? 'never' : 'later',
      ...(atCustomer === undefined ? {} : { atCustomer }),
    }))
}
