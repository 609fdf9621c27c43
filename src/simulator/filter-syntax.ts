import { err, ok, type Result } from '../kernel/index.ts'

/** A literal of a filter. */
export type FilterLiteral = string | number | boolean | null

/** Comparison operators of OData that the parser knows. */
export type Comparison = 'eq' | 'ne' | 'ge' | 'le' | 'gt' | 'lt'

/** A parsed `$filter`. */
export type FilterNode =
  | { readonly kind: 'and'; readonly left: FilterNode; readonly right: FilterNode }
  | { readonly kind: 'or'; readonly left: FilterNode; readonly right: FilterNode }
  | { readonly kind: 'not'; readonly operand: FilterNode }
  | {
      readonly kind: 'compare'
      readonly operator: Comparison
      readonly property: string
      readonly value: FilterLiteral
    }
  | { readonly kind: 'in'; readonly property: string; readonly values: readonly FilterLiteral[] }
  | {
      readonly kind: 'call'
      readonly name: 'startsWith' | 'endsWith'
      readonly property: string
      readonly value: string
    }

interface Token {
  readonly kind: 'word' | 'string' | 'literal' | '(' | ')' | ',' | 'end'
  readonly text: string
  readonly value?: FilterLiteral
  readonly at: number
}

class FilterSyntaxError extends Error {}

/** Nesting beyond this is refused, so that no filter can exhaust the stack. */
const maximumDepth = 50

/**
 * Parses a `$filter`; the refusal is a message for people, in Graph's words.
 *
 * @see OData URL Conventions 4.01, section 5.1.1
 */
export function parseFilter(text: string): Result<FilterNode, string> {
  try {
    return ok(parseTokens(tokenize(text), text))
  } catch (error) {
    if (error instanceof FilterSyntaxError) return err(`Invalid filter clause: ${error.message}`)
    throw error
  }
}

function tokenize(text: string): Token[] {
  const pattern =
    /\s*(?:('(?:[^']|'')*')|([(),])|(\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?)|(-?\d+(?:\.\d+)?)|([A-Za-z_][\w/.]*))/y
  const tokens: Token[] = []
  const end = text.trimEnd().length
  while (pattern.lastIndex < end) {
    const at = pattern.lastIndex
    const found = pattern.exec(text)
    if (found === null) throw syntaxError(at, text)
    const [, quoted, mark, instant, number, word] = found
    if (quoted !== undefined) {
      const value = quoted.slice(1, -1).replaceAll("''", "'")
      tokens.push({ kind: 'string', text: quoted, value, at })
    } else if (mark !== undefined) tokens.push({ kind: mark as '(' | ')' | ',', text: mark, at })
    else if (instant !== undefined)
      tokens.push({ kind: 'literal', text: instant, value: instant, at })
    else if (number !== undefined)
      tokens.push({ kind: 'literal', text: number, value: Number(number), at })
    else if (word !== undefined) tokens.push(wordToken(word, at))
  }
  tokens.push({ kind: 'end', text: '', at: end })
  return tokens
}

function wordToken(word: string, at: number): Token {
  if (word === 'true' || word === 'false') {
    return { kind: 'literal', text: word, value: word === 'true', at }
  }
  return word === 'null'
    ? { kind: 'literal', text: word, value: null, at }
    : { kind: 'word', text: word, at }
}

function syntaxError(at: number, text: string): FilterSyntaxError {
  return new FilterSyntaxError(`Syntax error at position ${at} in '${text}'.`)
}

function parseTokens(tokens: readonly Token[], text: string): FilterNode {
  let next = 0
  let depth = 0
  const peek = (): Token => tokens[next] as Token
  const take = (): Token => tokens[next++] as Token
  const fail = (token: Token): FilterSyntaxError => syntaxError(token.at, text)
  const expect = (kind: Token['kind']): Token => {
    const token = take()
    if (token.kind !== kind) throw fail(token)
    return token
  }
  const takeWord = (word: string): boolean => {
    const isIt = peek().kind === 'word' && peek().text.toLowerCase() === word
    if (isIt) next++
    return isIt
  }
  const literal = (): FilterLiteral => {
    const token = take()
    if (token.value === undefined) throw fail(token)
    return token.value
  }

  const or = (): FilterNode => {
    let left = and()
    while (takeWord('or')) left = { kind: 'or', left, right: and() }
    return left
  }
  const and = (): FilterNode => {
    let left = unary()
    while (takeWord('and')) left = { kind: 'and', left, right: unary() }
    return left
  }
  const unary = (): FilterNode => {
    if (++depth > maximumDepth) throw fail(peek())
    try {
      if (takeWord('not')) return { kind: 'not', operand: unary() }
      if (peek().kind !== '(') return term()
      take()
      const inner = or()
      expect(')')
      return inner
    } finally {
      depth--
    }
  }
  const term = (): FilterNode => {
    const name = expect('word')
    const lower = name.text.toLowerCase()
    if (peek().kind === '(') {
      if (lower !== 'startswith' && lower !== 'endswith') throw fail(name)
      take()
      const property = expect('word').text
      expect(',')
      const value = String(expect('string').value)
      expect(')')
      const call = lower === 'startswith' ? 'startsWith' : 'endsWith'
      return { kind: 'call', name: call, property, value }
    }
    if (takeWord('in')) return { kind: 'in', property: name.text, values: list() }
    const operator = expect('word')
    if (!isComparison(operator.text)) throw fail(operator)
    return { kind: 'compare', operator: operator.text, property: name.text, value: literal() }
  }
  const list = (): FilterLiteral[] => {
    expect('(')
    const values = [literal()]
    while (peek().kind === ',') {
      take()
      values.push(literal())
    }
    expect(')')
    return values
  }

  const node = or()
  if (peek().kind !== 'end') throw fail(peek())
  return node
}

function isComparison(text: string): text is Comparison {
  return ['eq', 'ne', 'ge', 'le', 'gt', 'lt'].includes(text)
}
