import { isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml'
import type { Document, Node, Pair, YAMLError } from 'yaml'
import { err, ok, type Result } from '../kernel/index.ts'
import type { ConfigProblem } from './problem.ts'

/** A path into the configuration: names and list positions. */
export type FieldPath = readonly PropertyKey[]

/** The text of a configuration with its places. */
export interface YamlSource {
  /** The plain data. */
  readonly data: unknown
  /**
   * Where a field stands, both from 1. A field that is absent stands where its nearest parent does.
   *
   * @param at Whether to point at the field's name or at its value.
   */
  place(path: FieldPath, at: 'name' | 'value'): { readonly line: number; readonly column: number }
  /** A scalar as it was written, before YAML made a number, boolean or null of it. */
  written(path: FieldPath): string | undefined
}

/**
 * Parses YAML 1.2 strictly and finds everything that makes it ambiguous: repeated keys, tabs,
 * several documents; also anchors, aliases and tags, which this file does without. Messages never
 * quote the text, as it may hold a secret written in the wrong place.
 */
export function parseYaml(text: string): Result<YamlSource, readonly ConfigProblem[]> {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    logLevel: 'error',
  })
  const at = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const problems = [...document.errors, ...document.warnings].map((error) => ({
    path: '',
    ...at(error.pos[0]),
    ...explainSyntax(error),
  }))
  for (const { offset, ...problem } of extras(document)) {
    problems.push({ path: '', ...at(offset), ...problem })
  }
  if (problems.length > 0) return err(onePerLine(problems))
  return ok({
    data: document.toJS() as unknown,
    place: (path, what) => at(offsetOf(document, path, what)),
    written: (path) => {
      const node = nodeAt(document, path)
      return isScalar(node) ? node.source : undefined
    },
  })
}

/** One slip often makes the parser stumble again on the same line; the first report is enough. */
function onePerLine(problems: readonly ConfigProblem[]): ConfigProblem[] {
  const seen = new Set<number>()
  return problems
    .toSorted((a, b) => a.line - b.line || a.column - b.column)
    .filter(({ line }) => !seen.has(line) && seen.add(line))
}

type Finding = Pick<ConfigProblem, 'expected' | 'seen' | 'remedy'>

const quoteIt = 'If it is a value, put it in single quotes; secrets never stand in this file.'

const starBefore: Finding = {
  expected: 'a plain value',
  seen: 'a "*" or "&" before it',
  remedy: quoteIt,
}
const lineAstray: Finding = {
  expected: 'lines of one mapping or list at the same indent',
  seen: 'a line that does not fit in',
  remedy: 'Align it with its neighbours, and see that each key ends in ": ".',
}

/** What the codes of the YAML library mean to the writer of the file. */
const syntaxFindings: Readonly<Partial<Record<YAMLError['code'], Finding>>> = {
  DUPLICATE_KEY: {
    expected: 'every key once',
    seen: 'this key a second time in the same mapping',
    remedy: 'Remove one of the two, or join what is below them.',
  },
  TAB_AS_INDENT: { expected: 'blanks', seen: 'a tab', remedy: 'Indent with blanks, two a level.' },
  MULTIPLE_DOCS: {
    expected: 'one document',
    seen: 'a second one after "---"',
    remedy: 'Remove the line "---" and join the two.',
  },
  BAD_ALIAS: starBefore,
  ALIAS_PROPS: starBefore,
  MULTIPLE_ANCHORS: starBefore,
  TAG_RESOLVE_FAILED: { expected: 'a plain value', seen: 'a "!" before it', remedy: quoteIt },
  BAD_SCALAR_START: {
    expected: 'a value',
    seen: 'a "@", "`" or "%" before it',
    remedy: quoteIt,
  },
  BAD_INDENT: lineAstray,
  BLOCK_AS_IMPLICIT_KEY: lineAstray,
  MULTILINE_IMPLICIT_KEY: lineAstray,
  MISSING_CHAR: {
    expected: 'a closing quote, bracket or brace, or a colon after a key',
    seen: 'none',
    remedy: 'Close what was opened, or write "key: value".',
  },
  NON_STRING_KEY: {
    expected: 'a name as key',
    seen: 'something else',
    remedy: 'Write "name: value".',
  },
}

function explainSyntax({ code }: YAMLError): Finding {
  return (
    syntaxFindings[code] ?? {
      expected: 'YAML',
      seen: `something that is none (${code.toLowerCase().replaceAll('_', ' ')})`,
      remedy: 'Compare the line with the example that `evergrant init` writes.',
    }
  )
}

/** Valid YAML that this file does without, because each reads differently to people and parsers. */
function extras(document: Document): (Finding & { readonly offset: number })[] {
  const found: (Finding & { readonly offset: number })[] = []
  const report = (node: Node, seen: string): void => {
    found.push({ offset: startOf(node), expected: 'a plain value', seen, remedy: quoteIt })
  }
  visit(document, {
    Alias: (_, node) => report(node, 'an alias ("*" before it)'),
    Node: (_, node) => {
      if ('anchor' in node && node.anchor !== undefined) report(node, 'an anchor ("&" before it)')
      if (node.tag !== undefined) report(node, 'a tag ("!" before it)')
    },
    Pair: (_, pair) => {
      if (keyOf(pair) !== '__proto__' || !isScalar(pair.key)) return
      found.push({
        offset: startOf(pair.key),
        expected: 'a name',
        seen: 'the reserved word "__proto__"',
        remedy: 'Choose another name.',
      })
    },
  })
  return found
}

const startOf = (node: Node): number => node.range?.[0] ?? 0
const keyOf = (pair: Pair): unknown => (isScalar(pair.key) ? pair.key.value : undefined)

function nodeAt(document: Document, path: FieldPath): unknown {
  return document.getIn(path, true)
}

function offsetOf(document: Document, path: FieldPath, what: 'name' | 'value'): number {
  let node: unknown = document.contents
  let offset = 0
  for (const [depth, segment] of path.entries()) {
    const isLast = depth === path.length - 1
    if (isMap(node)) {
      const pair = node.items.find((item) => keyOf(item) === String(segment))
      if (pair === undefined) return offset
      const { key, value } = pair as Pair<Node, Node | null>
      offset = startOf(key)
      if (isLast && what === 'value' && value?.range) offset = startOf(value)
      node = value
    } else if (isSeq(node)) {
      const item = node.items[Number(segment)] as Node | undefined
      if (item === undefined) return offset
      offset = startOf(item)
      node = item
    } else {
      return offset
    }
  }
  return offset
}
