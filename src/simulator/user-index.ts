import type { FilterNode } from './filter-syntax.ts'
import { drawPerson, redrawPerson, type Person } from './person.ts'
import { findPerson } from './population.ts'
import { createPrefixTree, type PrefixTree } from './prefix-tree.ts'
import { userProperty } from './user-properties.ts'
import type { UserFilter, UserIndex, UserView } from './user-view.ts'

/** What a part of a filter lets through: exactly, or more than that. */
interface Candidates {
  readonly indexes: Uint32Array
  readonly isExact: boolean
}

interface Built {
  readonly userCount: number
  readonly trees: Map<string, PrefixTree>
  /** Those who changed since: the trees know them by names of before. */
  readonly touched: Set<number>
}

/** Changes beyond which the trees are grown anew, rather than passed by. */
const mostTouched = 2_000
/** Indexes kept in answers, four bytes each. */
const mostKept = 8_000_000

/** Makes the index of a view; nothing is read before somebody filters. */
export function createUserIndex(viewed: () => UserView): UserIndex {
  const answers = new Map<string, Uint32Array>()
  let kept = 0
  let built: Built | undefined
  const forget = (): void => {
    answers.clear()
    kept = 0
  }
  const fresh = (view: UserView): Built => {
    const strangers = built === undefined ? 0 : view.userCount - built.userCount
    if (built === undefined || strangers + built.touched.size > mostTouched) {
      built = { userCount: view.userCount, trees: new Map(), touched: new Set() }
    }
    return built
  }
  return {
    find: (filter) => {
      const known = answers.get(filter.text)
      if (known !== undefined) return known
      const view = viewed()
      const found = search(view, fresh(view), filter)
      if (kept + found.length > mostKept) forget()
      answers.set(filter.text, found)
      kept += found.length
      return found
    },
    touch: (index) => {
      forget()
      built?.touched.add(index)
    },
    forget,
    clear: () => {
      forget()
      built = undefined
    },
  }
}

function search(view: UserView, built: Built, { node, matches }: UserFilter): Uint32Array {
  const candidates = candidatesOf(view, built, node)
  const person = drawPerson(view.population, 0)
  const isMatch = (index: number): boolean => {
    redrawPerson(person, view.population, index)
    return matches(person)
  }
  const { touched, userCount: known } = built
  const isOld = (index: number): boolean => index < known && !touched.has(index)
  const isThere = (index: number): boolean =>
    index < view.userCount && !view.deletedUsers.has(index)
  if (candidates === undefined) return everybody(view).filter((i) => isThere(i) && isMatch(i))
  const { indexes, isExact } = candidates
  const isUntouched = touched.size === 0 && view.deletedUsers.size === 0 && view.userCount === known
  if (isUntouched && isExact) return indexes
  const old = indexes.filter((i) => isOld(i) && isThere(i) && (isExact || isMatch(i)))
  const changed = [...touched].filter((index) => index < known)
  for (let index = known; index < view.userCount; index++) changed.push(index)
  const found = changed.filter((index) => isThere(index) && isMatch(index))
  return found.length === 0 ? old : Uint32Array.from([...old, ...found]).toSorted()
}

function everybody({ userCount }: Pick<UserView, 'userCount'>): Uint32Array {
  return Uint32Array.from({ length: userCount }, (_, index) => index)
}

/** Who can match, by the trees and by ids; undefined where only looking at everybody tells. */
function candidatesOf(view: UserView, built: Built, node: FilterNode): Candidates | undefined {
  const of = (part: FilterNode): Candidates | undefined => candidatesOf(view, built, part)
  switch (node.kind) {
    case 'and': {
      const [left, right] = [of(node.left), of(node.right)]
      if (left === undefined || right === undefined) {
        const half = left ?? right
        return half === undefined ? undefined : { indexes: half.indexes, isExact: false }
      }
      const isExact = left.isExact && right.isExact
      return { indexes: intersection(built.userCount, left, right), isExact }
    }
    case 'or': {
      const parts = alternativesOf(node).map(of)
      const known = parts.filter((part) => part !== undefined)
      if (known.length < parts.length) return undefined
      const isExact = known.every((part) => part.isExact)
      return { indexes: union(built.userCount, known), isExact }
    }
    case 'not': {
      const operand = of(node.operand)
      if (operand?.isExact !== true) return undefined
      return { indexes: complement(built.userCount, operand), isExact: true }
    }
    case 'call': {
      const name = userProperty(node.property)?.name ?? ''
      if (node.name !== 'startsWith' || !planted.has(name)) return undefined
      const indexes = treeOf(view, built, name).startingWith(node.value.toLowerCase())
      return { indexes, isExact: true }
    }
    case 'in':
    case 'compare': {
      const name = userProperty(node.property)?.name ?? ''
      if (name !== 'id' && name !== 'userPrincipalName') return undefined
      if (node.kind === 'compare' && node.operator !== 'eq') return undefined
      const values = node.kind === 'in' ? node.values : [node.value]
      return { indexes: lookUp(view, built, name, values), isExact: true }
    }
    default:
      return node satisfies never
  }
}

/** Properties that trees are grown for. */
const planted: ReadonlySet<string> = new Set(['userPrincipalName', 'displayName'])

function treeOf(view: UserView, built: Built, name: string): PrefixTree {
  const known = built.trees.get(name)
  if (known !== undefined) return known
  const person = drawPerson(view.population, 0)
  const texts = Array.from({ length: built.userCount }, (_, index) => {
    redrawPerson(person, view.population, index)
    const value = userProperty(name)?.value(person)
    return typeof value === 'string' ? value.toLowerCase() : undefined
  })
  const tree = createPrefixTree(texts)
  built.trees.set(name, tree)
  return tree
}

function lookUp(
  view: UserView,
  built: Built,
  name: 'id' | 'userPrincipalName',
  values: readonly unknown[],
): Uint32Array {
  const found = new Set<number>()
  for (const value of values) {
    if (typeof value !== 'string') continue
    const person = findPerson(view.population, view.userCount, value)
    if (person === undefined || person.index >= built.userCount) continue
    if (textOf(person, name) === value.toLowerCase()) found.add(person.index)
  }
  return Uint32Array.from(found).toSorted()
}

function textOf(person: Person, name: string): string {
  return String(userProperty(name)?.value(person)).toLowerCase()
}

/** What a chain of `or` joins: taken together, they cost one pass. */
function alternativesOf(node: FilterNode): readonly FilterNode[] {
  return node.kind === 'or' ? [...alternativesOf(node.left), ...alternativesOf(node.right)] : [node]
}

function marks(size: number, parts: readonly Candidates[]): Uint8Array {
  const marked = new Uint8Array(size)
  for (const { indexes } of parts) for (const index of indexes) marked[index] = 1
  return marked
}

function intersection(size: number, a: Candidates, b: Candidates): Uint32Array {
  const [few, many] = a.indexes.length < b.indexes.length ? [a, b] : [b, a]
  const marked = marks(size, [many])
  return few.indexes.filter((index) => marked[index] === 1)
}

function union(size: number, parts: readonly Candidates[]): Uint32Array {
  return whereMarked(marks(size, parts), 1)
}

function complement(size: number, of: Candidates): Uint32Array {
  return whereMarked(marks(size, [of]), 0)
}

function whereMarked(marked: Uint8Array, wanted: 0 | 1): Uint32Array {
  let length = 0
  for (const mark of marked) if (mark === wanted) length++
  const indexes = new Uint32Array(length)
  let at = 0
  for (let index = 0; index < marked.length; index++) {
    if (marked[index] === wanted) indexes[at++] = index
  }
  return indexes
}
