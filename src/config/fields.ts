import { z } from 'zod'
import { parseDuration } from '../kernel/index.ts'

/** What a rule tells when a value breaks it; travels in the `params` of Zod's issue. */
export interface Rule {
  /** Completes "expected …". */
  readonly expected: string
  /** What to do, as an instruction. */
  readonly remedy: string
}

/** Adds a rule; later rules of the same field are skipped once one is broken. */
export function must<S extends z.ZodType>(
  schema: S,
  test: (value: z.output<S>) => boolean,
  rule: Rule,
): S {
  return schema.refine(test, { abort: true, params: { ...rule } })
}

/**
 * Adds the rule that exactly one of `keys` is present. It runs even when other fields are wrong, so
 * that one look shows every problem.
 */
export function exactlyOneOf<S extends z.ZodType>(
  schema: S,
  keys: readonly string[],
  rule: Rule,
): S {
  const present = (value: unknown): boolean =>
    typeof value !== 'object' ||
    value === null ||
    keys.filter((key) => Object.hasOwn(value, key)).length === 1
  return schema
    .refine(present, { params: { ...rule }, when: () => true })
    .meta({ oneOf: keys.map((key) => ({ required: [key] })) })
}

/**
 * A text that is not empty and has no blanks around it.
 *
 * @param expected What the field holds, for messages.
 */
export function text(expected: string): z.ZodString {
  return must(
    z.string(expected).meta({ minLength: 1 }),
    (value) => value !== '' && value.trim() === value,
    {
      expected: `${expected}, without blanks around it`,
      remedy: 'Give it a value, or remove the line.',
    },
  )
}

const namePattern = /^[a-z0-9][a-z0-9._-]{0,63}$/

/** The name of a provider or a connection: a key of its map, safe in URLs and on command lines. */
export function mapName(): z.ZodString {
  return must(
    z.string().meta({ pattern: namePattern.source }),
    (value) => namePattern.test(value),
    {
      expected: 'a name of 1 to 64 characters: a-z, 0-9, ".", "_" and "-", a letter or digit first',
      remedy: 'Rename it.',
    },
  )
}

/** A path of a file; `~` and variables are not expanded, as no shell reads this file. */
export function filePath(): z.ZodString {
  return must(text('a path'), (value) => !/^~|\$\{?\w|\0/.test(value), {
    expected: 'a path, absolute or relative to this file, without "~" or variables',
    remedy: 'Write the path out: no shell reads this file, so "~" and "$NAME" mean nothing here.',
  })
}

/** The name of an environment variable. */
export function variableName(): z.ZodString {
  const pattern = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/
  return must(
    z.string('the name of an environment variable').meta({ pattern: pattern.source }),
    (value) => pattern.test(value),
    {
      expected: 'the name of an environment variable: letters, digits and "_", without "$"',
      remedy: 'Name the variable that holds the secret, not the secret: { env: CONTOSO_SECRET }.',
    },
  )
}

/**
 * A duration such as `5m`, read as milliseconds.
 *
 * @param bounds Least and greatest duration accepted, both as text.
 */
export function duration(bounds: {
  readonly least: string
  readonly most: string
}): z.ZodPipe<z.ZodString, z.ZodTransform<number, string>> {
  const limit = { least: milliseconds(bounds.least), most: milliseconds(bounds.most) }
  const isWithin = (value: string): boolean => {
    const parsed = parseDuration(value)
    return parsed.ok && parsed.value >= limit.least && parsed.value <= limit.most
  }
  const expected = `a duration from ${bounds.least} to ${bounds.most} with its unit, such as 90s, 5m or 1h30m`
  return must(z.string(expected), isWithin, {
    expected,
    remedy: 'Write a number and a unit: ms, s, m, h or d.',
  }).transform(milliseconds)
}

function milliseconds(value: string): number {
  const parsed = parseDuration(value)
  return parsed.ok ? parsed.value : Number.NaN
}

const instantPattern =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:[Zz]|[+-]\d{2}:\d{2}))?$/

/** A date (start of that day, UTC) or an RFC 3339 instant with its offset, read as epoch ms. */
export function instant(): z.ZodPipe<z.ZodString, z.ZodTransform<number, string>> {
  const expected =
    'a date such as 2027-03-01, or an instant with its offset such as 2027-03-01T12:00:00Z'
  return must(z.string(expected), (value) => Number.isFinite(epochMs(value)), {
    expected,
    remedy: 'Write the day the provider shows as the end of this credential.',
  }).transform(epochMs)
}

function epochMs(value: string): number {
  const parts = instantPattern.exec(value)
  if (parts === null) return Number.NaN
  const [year, month, day] = parts.slice(1).map(Number)
  const midnight = new Date(Date.UTC(year ?? 0, (month ?? 0) - 1, day))
  // Dates such as February 30th would roll over into March.
  if (midnight.getUTCDate() !== day) return Number.NaN
  return Date.parse(value.toUpperCase().replace(' ', 'T'))
}

/** A switch. */
export function flag(): z.ZodBoolean {
  return z.boolean('true or false')
}

/** A whole number within bounds. */
export function wholeNumber(least: number, most: number): z.ZodNumber {
  const expected = `a whole number from ${least} to ${most}`
  return must(
    z.number(expected).meta({ type: 'integer', minimum: least, maximum: most }),
    (value) => Number.isInteger(value) && value >= least && value <= most,
    { expected, remedy: `Write a number from ${least} to ${most}, without unit.` },
  )
}

/** One value or a list of them, read as a list that is not empty. */
export function oneOrMore<T extends z.ZodType<string | number | boolean>>(
  entry: T,
  what: string,
): z.ZodUnion<readonly [z.ZodPipe<T, z.ZodTransform<z.output<T>[], z.output<T>>>, z.ZodArray<T>]> {
  const list = must(
    z.array(entry).meta({ minItems: 1, uniqueItems: true }),
    (entries) => entries.length > 0,
    { expected: `at least one ${what}`, remedy: `Name one, or remove the line.` },
  )
  return z.union([entry.transform((value: z.output<T>) => [value]), list])
}

/**
 * A list without repetition.
 *
 * @param least How many entries there are at least.
 * @param rule What is told when there are fewer.
 */
export function listOf<T extends z.ZodType<string>>(
  entry: T,
  least: 0 | 1,
  rule: Rule = { expected: 'a list', remedy: 'Write a list.' },
): z.ZodArray<T> {
  const list = z.array(entry).meta({ minItems: least, uniqueItems: true })
  return must(
    must(list, (entries) => entries.length >= least, rule),
    (entries) => new Set(entries).size === entries.length,
    { expected: 'every entry once', remedy: 'Remove what stands there a second time.' },
  )
}
