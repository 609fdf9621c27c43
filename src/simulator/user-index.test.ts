import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileFilter, userFilters } from './filter-rules.ts'
import { parseFilter } from './filter-syntax.ts'
import { drawPerson, userPrincipalNameOf } from './person.ts'
import { createOverlay } from './person-change.ts'
import { createPrefixTree } from './prefix-tree.ts'
import { alterationOf, applyUserChange, createUserView, creationOf } from './user-changes.ts'
import { removalOf } from './user-changes.ts'
import type { UserFilter, UserView } from './user-view.ts'

const domain = 'contoso.example'

function filterOf(text: string): UserFilter {
  const node = parseFilter(text)
  if (!node.ok) throw new Error(node.error)
  const matches = compileFilter(node.value, true, userFilters, {
    maximumOrClauses: Infinity,
    counted: 'expression',
  })
  if (!matches.ok) throw new Error(matches.error.message)
  return { text, node: node.value, matches: matches.value }
}

/** The slow and obvious way. */
function expected(view: UserView, { matches }: UserFilter): number[] {
  return Array.from({ length: view.userCount }, (_, index) => index).filter(
    (index) => !view.deletedUsers.has(index) && matches(drawPerson(view.population, index)),
  )
}

test('a prefix nobody has, or longer than any text, finds nobody', () => {
  const tree = createPrefixTree(['anna', undefined, 'an', ''])
  expect([...tree.startingWith('annabel')]).toEqual([])
  expect([...tree.startingWith('b')]).toEqual([])
  expect([...createPrefixTree([]).startingWith('')]).toEqual([])
})

test('a prefix finds its texts in ascending order, and the empty one all that are there', () => {
  const texts = fc.array(fc.option(fc.string({ unit: fc.constantFrom('a', 'b', 'é', '🎓') })))
  fc.assert(
    fc.property(texts, fc.string({ unit: fc.constantFrom('a', 'b', '🎓') }), (drawn, prefix) => {
      const all = drawn.map((text) => text ?? undefined)
      const tree = createPrefixTree(all)
      const truth = [...all.keys()].filter((index) => all[index]?.startsWith(prefix) === true)
      expect([...tree.startingWith(prefix)]).toEqual(truth)
      expect(tree.startingWith('')).toHaveLength(all.filter((text) => text !== undefined).length)
    }),
  )
})

const prefixes = [
  '',
  'a',
  'an',
  'anna.',
  'E',
  'e0',
  'svc-',
  "d''",
  'z',
  'Ü',
  '王',
  'moved',
  '_',
  '#',
]
const leaf = fc.oneof(
  fc
    .record({
      property: fc.constantFrom('userPrincipalName', 'displayName'),
      prefix: fc.constantFrom(...prefixes),
    })
    .map(({ property, prefix }) => `startsWith(${property},'${prefix}')`),
  fc.constantFrom(
    'accountEnabled eq true',
    "userType eq 'Guest'",
    "endsWith(userPrincipalName,'x')",
    "userPrincipalName eq 'MOVED3@contoso.example'",
    "userPrincipalName in ('moved1@contoso.example','nobody@contoso.example')",
    "id eq '00000000-0000-4000-8000-000000000000'",
    'displayName eq null',
  ),
)
const { filter: filters } = fc.letrec<{ filter: string }>((tie) => ({
  filter: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.tuple(tie('filter'), tie('filter')).map(([a, b]) => `(${a} and ${b})`),
    fc.tuple(tie('filter'), tie('filter')).map(([a, b]) => `(${a} or ${b})`),
    tie('filter').map((operand) => `not(${operand})`),
  ),
}))

type Step = (view: UserView) => void
const upnOf = (view: UserView, index: number): string =>
  userPrincipalNameOf(drawPerson(view.population, index))
const living = (view: UserView, draw: number): number | undefined => {
  const index = draw % Math.max(1, view.userCount)
  return index < view.userCount && !view.deletedUsers.has(index) ? index : undefined
}
const step: fc.Arbitrary<Step> = fc
  .record({ kind: fc.constantFrom('create', 'rename', 'clear', 'delete', 'count'), draw: fc.nat() })
  .map(({ kind, draw }) => (view: UserView): void => {
    const index = living(view, draw)
    const userPrincipalName = `moved${draw % 1_000_000}@${domain}`
    try {
      if (kind === 'create') applyUserChange(view, creationOf(view, { userPrincipalName }, 0))
      if (kind === 'count') applyUserChange(view, { kind: 'counted', users: draw % 400 })
      if (index === undefined) return
      const user = upnOf(view, index)
      if (kind === 'delete') applyUserChange(view, removalOf(view, 'deleted', user))
      const wish = kind === 'rename' ? { userPrincipalName } : { displayName: null }
      if (kind === 'rename' || kind === 'clear') {
        applyUserChange(view, alterationOf(view, user, wish))
      }
    } catch (error) {
      // A name that is taken, or led to somebody deleted: nothing happened.
      if (!(error instanceof Error && error.message.startsWith('simulator: '))) throw error
    }
  })

test('whatever changed and whatever is asked, the index finds who matches, in order', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.array(step, { maxLength: 6 }), fc.array(filters, { minLength: 1 })), {
        maxLength: 4,
      }),
      (rounds) => {
        const view = createUserView({ seed: 5, domain, overlay: createOverlay() }, 300)
        for (const [steps, texts] of rounds) {
          for (const change of steps) change(view)
          for (const text of texts) {
            const filter = filterOf(text)
            expect([...view.index.find(filter)]).toEqual(expected(view, filter))
          }
        }
      },
    ),
    { numRuns: 60 },
  )
})

test('more changes than the index passes by make it grow anew', () => {
  const view = createUserView({ seed: 5, domain, overlay: createOverlay() }, 10)
  const filter = filterOf("startsWith(userPrincipalName,'new')")
  const founds = [view.index.find(filter).length]
  for (let index = 0; index < 2_500; index++) {
    const userPrincipalName = `new${index}@${domain}`
    applyUserChange(view, creationOf(view, { userPrincipalName }, 0))
    if (index % 500 === 499) founds.push(view.index.find(filter).length)
  }
  expect(founds).toEqual([0, 500, 1_000, 1_500, 2_000, 2_500])
  expect([...view.index.find(filter)]).toEqual(expected(view, filter))
})
