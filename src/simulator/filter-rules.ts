import { err, ok, type Result } from '../kernel/index.ts'
import type { FilterLiteral, FilterNode } from './filter-syntax.ts'
import type { Person } from './person.ts'
import { userProperty } from './user-properties.ts'

/** A filter ready to be asked of each row; users by default. */
export type FilterPredicate<Row = Person> = (row: Row) => boolean

/** Operators of one property: what works plainly, and what needs the advanced query mode besides. */
export interface FilterRule {
  readonly plain: string
  readonly advanced: string
}

/** What a resource can be filtered by. */
export interface FilterSchema<Row> {
  /** As messages spell it: `User`. */
  readonly resource: string
  readonly rules: Readonly<Record<string, FilterRule>>
  /** Finds a property by its name in any case. */
  property(name: string): FilterProperty<Row> | undefined
}

/** A property a filter reads. */
export interface FilterProperty<Row> {
  readonly name: string
  readonly value: (row: Row) => unknown
}

/** Graph's refusal of a filter: its error code and message. */
export interface FilterRefusal {
  readonly code: 'BadRequest' | 'Request_UnsupportedQuery'
  readonly message: string
}

/** How much a filter may ask at once. */
export interface FilterLimits {
  /** Most clauses that may be joined by `or`, an `in` list counting each of its values. */
  readonly maximumOrClauses: number
  /** In each expression of `or` alone, or over all clauses of a filter that has one. */
  readonly counted: 'expression' | 'filter'
}

/** What Graph allows, in its lenient reading. */
export const defaultFilterLimits: FilterLimits = { maximumOrClauses: 15, counted: 'expression' }

const ranged = { plain: 'eq ge le in startsWith', advanced: 'ne not null' }
const userRules: Readonly<Record<string, FilterRule>> = {
  id: { plain: 'eq in', advanced: 'ne not' },
  userPrincipalName: { plain: 'eq in startsWith le ge', advanced: 'ne not endsWith' },
  displayName: { plain: 'eq in startsWith', advanced: 'ne not null' },
  createdDateTime: { plain: 'eq ge le', advanced: 'ne not in' },
  mail: { plain: 'eq ge le in startsWith', advanced: 'ne not endsWith' },
  accountEnabled: { plain: 'eq in', advanced: 'ne not' },
  userType: { plain: 'eq in', advanced: 'ne not' },
  externalUserState: { plain: 'eq in', advanced: 'ne not' },
  officeLocation: { plain: '', advanced: 'eq ne not ge le in startsWith null' },
  companyName: { plain: '', advanced: 'eq ne not ge le in startsWith null' },
  mobilePhone: { plain: '', advanced: 'eq ne not ge le in startsWith null' },
  ...Object.fromEntries(
    [
      'surname',
      'givenName',
      'department',
      'jobTitle',
      'city',
      'state',
      'country',
      'employeeId',
      'employeeType',
      'usageLocation',
      'mailNickname',
      'preferredLanguage',
    ].map((name) => [name, ranged]),
  ),
}

/** What users can be filtered by. */
export const userFilters: FilterSchema<Person> = {
  resource: 'User',
  rules: userRules,
  property: userProperty,
}

/**
 * Checks a filter against what Graph supports and compiles it. `isAdvanced` tells whether the
 * request carries `ConsistencyLevel: eventual` and `$count=true`.
 */
export function compileFilter<Row>(
  node: FilterNode,
  isAdvanced: boolean,
  schema: FilterSchema<Row>,
  limits: FilterLimits = defaultFilterLimits,
): Result<FilterPredicate<Row>, FilterRefusal> {
  const { counted, maximumOrClauses } = limits
  const joined = orClauses(node)
  const clauses = counted === 'filter' && joined > 1 ? allClauses(node) : joined
  if (clauses > maximumOrClauses) {
    return err({
      code: 'Request_UnsupportedQuery',
      message: `Too many child clauses specified in search filter expression containing 'OR' operators: ${clauses}. Max allowed: ${maximumOrClauses}.`,
    })
  }
  const refusal = refusalOf(schema, node, isAdvanced, false)
  return refusal === undefined ? ok(predicateOf(schema, node)) : err(refusal)
}

function allClauses(node: FilterNode): number {
  if (node.kind === 'or' || node.kind === 'and') {
    return allClauses(node.left) + allClauses(node.right)
  }
  return node.kind === 'not' ? allClauses(node.operand) : orClauses(node)
}

function orClauses(node: FilterNode): number {
  if (node.kind === 'or') return orClauses(node.left) + orClauses(node.right)
  if (node.kind === 'and') return Math.max(orClauses(node.left), orClauses(node.right))
  if (node.kind === 'not') return orClauses(node.operand)
  return node.kind === 'in' ? node.values.length : 1
}

function refusalOf<Row>(
  schema: FilterSchema<Row>,
  node: FilterNode,
  isAdvanced: boolean,
  isNegated: boolean,
): FilterRefusal | undefined {
  if (node.kind === 'and' || node.kind === 'or') {
    return (
      refusalOf(schema, node.left, isAdvanced, isNegated) ??
      refusalOf(schema, node.right, isAdvanced, isNegated)
    )
  }
  if (node.kind === 'not') return refusalOf(schema, node.operand, isAdvanced, true)
  const property = schema.property(node.property)
  if (property === undefined) {
    return {
      code: 'BadRequest',
      message: `Invalid filter clause: Could not find a property named '${node.property}' on type 'microsoft.graph.${schema.resource.toLowerCase()}'.`,
    }
  }
  const rule = schema.rules[property.name] ?? { plain: '', advanced: '' }
  const allowed = new Set(`${rule.plain} ${isAdvanced ? rule.advanced : ''}`.split(' '))
  const isAllowed = operatorsOf(node, isNegated).every((operator) => allowed.has(operator))
  if (isAllowed) return undefined
  return {
    code: 'Request_UnsupportedQuery',
    message: `Unsupported or invalid query filter clause specified for property '${property.name}' of resource '${schema.resource}'.`,
  }
}

function operatorsOf(
  node: Exclude<FilterNode, { readonly kind: 'and' | 'or' | 'not' }>,
  isNegated: boolean,
): string[] {
  const negation = isNegated ? ['not'] : []
  if (node.kind === 'in') return ['in', ...negation]
  if (node.kind === 'call') return [node.name, ...negation]
  return [node.operator, ...(node.value === null ? ['null'] : []), ...negation]
}

function predicateOf<Row>(schema: FilterSchema<Row>, node: FilterNode): FilterPredicate<Row> {
  if (node.kind === 'and' || node.kind === 'or') {
    const [left, right] = [predicateOf(schema, node.left), predicateOf(schema, node.right)]
    return node.kind === 'and' ? (row) => left(row) && right(row) : (row) => left(row) || right(row)
  }
  if (node.kind === 'not') {
    const operand = predicateOf(schema, node.operand)
    return (row) => !operand(row)
  }
  const value = valueOf(schema, node.property)
  if (node.kind === 'in') {
    const wanted = new Set(node.values.map(folded))
    return (row) => wanted.has(value(row))
  }
  if (node.kind === 'compare') return comparison(schema, node)
  const piece = node.value.toLowerCase()
  const isStart = node.name === 'startsWith'
  return (row) => {
    const text = value(row)
    if (typeof text !== 'string') return false
    return isStart ? text.startsWith(piece) : text.endsWith(piece)
  }
}

function comparison<Row>(
  schema: FilterSchema<Row>,
  node: Extract<FilterNode, { readonly kind: 'compare' }>,
): FilterPredicate<Row> {
  const value = valueOf(schema, node.property)
  const wanted = folded(node.value)
  const { operator } = node
  if (operator === 'eq') return (row) => value(row) === wanted
  if (operator === 'ne') return (row) => value(row) !== wanted
  return (row) => {
    const actual = value(row)
    // Null, and values of another type, lie in no range.
    if (actual === null || wanted === null || typeof actual !== typeof wanted) return false
    if (operator === 'ge') return actual >= wanted
    if (operator === 'le') return actual <= wanted
    return operator === 'gt' ? actual > wanted : actual < wanted
  }
}

function valueOf<Row>(schema: FilterSchema<Row>, name: string): (row: Row) => FilterLiteral {
  const value = schema.property(name)?.value ?? (() => null)
  return (row) => folded(value(row) as FilterLiteral)
}

/** Directory texts compare without case; instants are written alike, so texts order them rightly. */
function folded(value: FilterLiteral): FilterLiteral {
  return typeof value === 'string' ? value.toLowerCase() : value
}
