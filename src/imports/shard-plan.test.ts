import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CountRefusal } from './shard-counts.ts'
import { planShards, type ShardLimits, type ShardPlan } from './shard-plan.ts'

type Predicate = (name: string | null) => boolean

/** Reads the filters of plans, in its own way: `startsWith`, `not`, `and`, `or`, parentheses. */
function read(filter: string, mostClauses = 15): Predicate {
  let rest = filter
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    const found = pattern.exec(rest)
    if (found === null) return undefined
    rest = rest.slice(found[0].length)
    return found
  }
  const either = (): Predicate => {
    const sides = [both()]
    while (take(/^ or /)) sides.push(both())
    if (sides.length > mostClauses) throw new Error(`${sides.length} clauses joined by or`)
    return (name) => sides.some((side) => side(name))
  }
  const both = (): Predicate => {
    const sides = [one()]
    while (take(/^ and /)) sides.push(one())
    return (name) => sides.every((side) => side(name))
  }
  const one = (): Predicate => {
    if (take(/^not\(/)) {
      const inner = either()
      if (!take(/^\)/)) throw new Error(`no end of not: ${rest}`)
      return (name) => !inner(name)
    }
    const found = take(/^startsWith\(userPrincipalName,'((?:[^']|'')*)'\)/)
    if (found === undefined) throw new Error(`not a filter: ${rest}`)
    const piece = (found[1] ?? '').replaceAll("''", "'").toLowerCase()
    if (piece === '') throw new Error('a filter for the empty beginning')
    return (name) => name !== null && name.toLowerCase().startsWith(piece)
  }
  const whole = either()
  if (rest !== '') throw new Error(`beyond the filter: ${rest}`)
  return whole
}

interface Directory {
  readonly names: readonly string[]
  readonly refuses?: (filter: string) => string | undefined
  /** Rows that count wrongly, as a lagging index does. */
  readonly lag?: number
  readonly orderedSample?: boolean
}

const urlLength = (filter: string): number => 420 + encodeURIComponent(filter).length

/** Plans over a directory in memory; `rounds` is how many latencies it took, 32 questions at once. */
async function plan(
  directory: Directory,
  target: number,
  limits: Partial<ShardLimits> = {},
): Promise<ShardPlan & { readonly rounds: number }> {
  const { names, refuses, lag = 0 } = directory
  const listed = directory.orderedSample ? names.toSorted() : names
  const waiting: (() => void)[] = []
  let rounds = 0
  let timer: NodeJS.Immediate | undefined
  const turn = (): void => {
    timer = undefined
    rounds++
    for (const go of waiting.splice(0, 32)) go()
    if (waiting.length > 0) timer = setImmediate(turn)
  }
  const round = (): Promise<void> =>
    new Promise((resolve) => {
      waiting.push(resolve)
      timer ??= setImmediate(turn)
    })
  const count = async (filter: string): Promise<number | CountRefusal> => {
    await round()
    expect(urlLength(filter)).toBeLessThanOrEqual(limits.maxUrlLength ?? 2_048)
    const refused = refuses?.(filter)
    if (refused !== undefined) return { refused }
    const counted = names.filter(read(filter)).length
    return Math.max(0, counted - (counted % 3 === 0 ? lag : 0))
  }
  const sample = async (filter: string | undefined): Promise<readonly string[]> => {
    await round()
    const found: string[] = []
    const isIn = filter === undefined ? (): boolean => true : read(filter)
    for (const name of listed) {
      if (found.length === 999) break
      if (isIn(name)) found.push(name)
    }
    return found
  }
  const all = { property: 'userPrincipalName', target, urlLength, ...limits }
  return { ...(await planShards({ count, sample }, all, names.length)), rounds }
}

/** How many rows each shard finds, and which rows none finds. */
function outcome(
  shards: ShardPlan['shards'],
  names: readonly string[],
): { readonly sizes: readonly number[]; readonly missing: readonly string[] } {
  const tests = shards.map(({ filter }) => (filter === undefined ? () => true : read(filter)))
  return {
    sizes: tests.map((isIn) => names.filter(isIn).length),
    missing: names.filter((name) => !tests.some((isIn) => isIn(name))),
  }
}

/** Numbers that are the same in every run. */
function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const given =
  'Anna Ben Clara David Emma Felix Grace Henry Ivy Jack Karen Liam Mia Noah Olivia Paul Quinn Rosa Sam Tina Uma Victor Wendy Xavier Yara Zoe Adam Bella Carlos Diana Erik Fatima George Hannah Ivan Julia Kevin Laura Marco Nina Oscar Petra Ravi Sofia Thomas Ursula Vera Walter Maria Martin Mark Michael Mohammed John James Joseph Jennifer Jessica'
    .toLowerCase()
    .split(' ')
const family =
  "Smith Jones Taylor Brown Wilson Evans Walker Wright Hall Green Baker Adams Nelson Carter Müller García O'Brien"
    .toLowerCase()
    .split(' ')

function people(count: number): readonly string[] {
  const roll = dice(7)
  return Array.from({ length: count }, (_, i) => {
    const first = given[Math.floor(roll() ** 1.3 * given.length)] ?? ''
    const last = family[Math.floor(roll() * family.length)] ?? ''
    return roll() < 0.1
      ? `${first}.${last}${i}_partner.example#EXT#@contoso.example`
      : `${first}.${last}${i}@contoso.example`
  })
}

const staff = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `EMP${String(i * 7).padStart(8, '0')}@contoso.example`)

describe('a directory that cannot be cut', () => {
  test('stays whole where Graph refuses to count a part, and says what it said', async () => {
    const made = await plan(
      { names: people(2_000), refuses: () => 'Unsupported query for B2C tenants.' },
      50,
    )
    expect(made.shards).toEqual([{ expected: 2_000 }])
    expect(made.whole).toContain('Unsupported query for B2C tenants.')
    expect(made.asked).toBeLessThan(60)
  })

  test('stays whole where its columns leave no room in a URL, without a question', async () => {
    const made = await plan({ names: people(2_000) }, 50, { maxUrlLength: 450 })
    expect(made).toMatchObject({ asked: 0, whole: expect.stringContaining('no room') as string })
  })

  test('stays whole where every name is the same', async () => {
    const names = Array.from({ length: 900 }, () => 'printer')
    const made = await plan({ names }, 50)
    expect(outcome(made.shards, names)).toMatchObject({ missing: [] })
    expect(made.asked).toBeLessThan(60)
  })

  test('stays whole where rows belong to no part, as those without a name may', async () => {
    const names = people(2_000)
    const nameless = [...names, ...Array.from({ length: 200 }, () => '')]
    const source = {
      count: (filter: string) =>
        Promise.resolve(nameless.filter((name) => name !== '' && read(filter)(name)).length),
      sample: () => Promise.resolve(names.slice(0, 900)),
    }
    const limits = { property: 'userPrincipalName', target: 100, urlLength }
    const made = await planShards(source, limits, nameless.length)
    expect(made.whole).toContain('some might belong to none')
  })

  test.each([0, 3])('of %i rows is one shard', async (count) => {
    const made = await plan({ names: people(count) }, 100)
    expect(made.shards).toEqual([{ expected: count }])
  })
})

describe('a directory where only 15 clauses in all are taken', () => {
  const refuses = (filter: string): string | undefined =>
    filter.split('startsWith').length - 1 > 15 ? 'Too many child clauses' : undefined

  test('is cut with fewer exceptions', async () => {
    const names = people(6_000)
    const made = await plan({ names, refuses }, 125)
    expect(made.shards.length).toBeGreaterThan(15)
    expect(made.shards.map(({ filter = '' }) => refuses(filter)).find(Boolean)).toBeUndefined()
    expect(outcome(made.shards, names).missing).toEqual([])
  })
})

/** Random texts of five letters and digits. */
function tickets(count: number): readonly string[] {
  const roll = dice(3)
  return Array.from({ length: count }, (_, i) => {
    const text = Math.floor(roll() * 36 ** 5).toString(36)
    return `${text.padStart(5, '0')}${i}@contoso.example`
  })
}

describe.each([
  { of: 'people', names: people(20_000), orderedSample: false, rounds: 6, most: 1.5 },
  { of: 'random texts', names: tickets(20_000), orderedSample: false, rounds: 4, most: 1.5 },
  { of: 'staff numbers', names: staff(20_000), orderedSample: false, rounds: 9, most: 1.8 },
  // The worst case: what a list shows first says nothing about the rest.
  {
    of: 'people listed in order',
    names: people(20_000),
    orderedSample: true,
    rounds: 13,
    most: 2.2,
  },
])('a directory of $of', ({ most, names, orderedSample, rounds }) => {
  test(`is planned for 24 cursors in ${rounds} rounds and 150 questions at most, every row once`, async () => {
    const target = Math.ceil(names.length / 48)
    const made = await plan({ names, orderedSample }, target)
    const { missing, sizes } = outcome(made.shards, names)
    expect(missing).toEqual([])
    expect(Math.max(...sizes)).toBeLessThanOrEqual(most * target)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(names.length)
    expect(made.shards.map(({ expected }) => expected)).toEqual(sizes)
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a))
    expect(made.asked).toBeLessThanOrEqual(150)
    expect(made.rounds).toBeLessThanOrEqual(rounds)
  })
})

describe('whatever the names are', () => {
  const mark = fc.constantFrom(...Array.from(`aAeEn'.-_!#^~@&+% 0159éÉñßİıЖ美😀`))
  const tail = fc.string({ unit: mark, maxLength: 6 })
  const opening = fc.constantFrom('', '', 'emp00', "o'brien", 'EMP001', 'a', 'adm-', '#ext#', '美')
  const name = fc.oneof(
    fc.tuple(opening, tail).map(([a, b]) => a + b),
    fc.string({ unit: 'grapheme', maxLength: 8 }),
    tail.map((text) => `${text}_partner.example#EXT#@contoso.example`),
  )
  const names = fc.array(name, { maxLength: 300, size: 'max' })

  test('every row is found, also those that came or changed after the counts', async () => {
    await fc.assert(
      fc.asyncProperty(
        names,
        names,
        fc.integer({ min: 3, max: 40 }),
        async (then, later, target) => {
          const made = await plan({ names: then }, target)
          expect(outcome(made.shards, [...then, ...later]).missing).toEqual([])
          for (const { filter = '' } of made.shards) {
            expect(urlLength(filter)).toBeLessThanOrEqual(2_048)
          }
          expect(made.asked).toBeLessThanOrEqual(150)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('every row is found where counts lag, and where URLs must be short', async () => {
    await fc.assert(
      fc.asyncProperty(names, fc.integer({ min: 0, max: 9 }), async (then, lag) => {
        const limits = { maxUrlLength: 700 }
        const made = await plan({ names: then, lag }, 10, limits)
        expect(outcome(made.shards, then).missing).toEqual([])
        for (const { filter = '' } of made.shards)
          expect(urlLength(filter)).toBeLessThanOrEqual(700)
      }),
      { numRuns: 40 },
    )
  })
})

describe('rows without a name, which `not` finds or does not', () => {
  const property = 'userPrincipalName'
  const rows = fc.array(
    fc.option(fc.string({ unit: fc.constantFrom(...Array.from('abcdexyz019.')), maxLength: 5 }), {
      freq: 9,
    }),
    { maxLength: 300, size: 'max' },
  )

  test('are found by a part as well, or the directory stays whole', async () => {
    await fc.assert(
      fc.asyncProperty(rows, fc.boolean(), fc.boolean(), async (names, isFound, isRefused) => {
        const finds = (filter: string) => {
          if (filter === `${property} eq null`) return (name: string | null) => name === null
          const isIn = read(filter)
          return (name: string | null) => (name === null ? isFound && isIn(null) : isIn(name))
        }
        const source = {
          count: (filter: string) =>
            Promise.resolve(
              isRefused && filter.endsWith(' eq null')
                ? { refused: 'Unsupported or invalid query filter clause' }
                : names.filter(finds(filter)).length,
            ),
          sample: () => Promise.resolve(names.filter((name) => name !== null)),
        }
        const limits = { property, mayLack: true, target: 12, urlLength }
        const { shards } = await planShards(source, limits, names.length)
        const tests = shards.map(({ filter }) =>
          filter === undefined ? () => true : finds(filter),
        )
        expect(names.filter((name) => !tests.some((isIn) => isIn(name)))).toEqual([])
      }),
      { numRuns: 100 },
    )
  })

  test('are read even where none was counted, since one may come', async () => {
    const names = people(500)
    const source = {
      count: (filter: string) =>
        Promise.resolve(filter.endsWith(' eq null') ? 0 : names.filter(read(filter)).length),
      sample: () => Promise.resolve(names),
    }
    const limits = { property, mayLack: true, target: 50, urlLength }
    const { shards } = await planShards(source, limits, names.length)
    expect(shards.length).toBeGreaterThan(5)
    expect(shards.at(-1)).toEqual({
      filter: `${property} eq null`,
      label: `no ${property}`,
      expected: 0,
    })
  })
})

test('names in other scripts are cut as well, as far as a URL can name the exceptions', async () => {
  const letters = 'алексеймнтиолвупрдб'
  const names = people(20_000).map((name, i) =>
    i % 3 === 0 ? name : `${letters[i % 19]}${'аоеиуы'[(i * 7) % 6]}${name}`,
  )
  const made = await plan({ names }, 417)
  const { missing, sizes } = outcome(made.shards, names)
  expect(missing).toEqual([])
  expect(made.shards.length).toBeGreaterThan(40)
  expect(Math.max(...sizes)).toBeLessThanOrEqual(417 * 3)
})
