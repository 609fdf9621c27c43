import { shortClaimName } from '../kernel/index.ts'
import { valueAt } from './describe-seen.ts'
import { member } from './json-schema.ts'
import type { FieldPath, YamlSource } from './yaml-source.ts'

/** One pair of a rule, as far as it is written. */
export interface ReadPair {
  readonly path: FieldPath
  /** Its short name. */
  readonly claim: string
  readonly column: string | undefined
  /** The only source that counts. */
  readonly only: string | undefined
}

/** One rule of `match`, as far as it is written. */
export interface ReadRule {
  readonly path: FieldPath
  readonly written: unknown
  readonly pairs: readonly ReadPair[]
}

/** An issuer before anything of it is known to be right, for what several fields show. */
export interface ReadIssuer {
  readonly path: FieldPath
  readonly written: unknown
  readonly source: YamlSource
  readonly type: unknown
  /** Where claims come from, in order. */
  readonly claims: readonly unknown[]
  /** Whether UserInfo of Entra ID is all there is. */
  readonly isEntraUserInfo: boolean
  /** Undefined where nothing is written. */
  readonly rules: readonly ReadRule[] | undefined
}

/** Reads an issuer as it is written; passes over what has the wrong form. */
export function readIssuer(name: string, source: YamlSource): ReadIssuer {
  const path = ['issuers', name]
  const written = valueAt(path, source.data)
  const type = member(written, 'type')
  const listed = member(written, 'claims')
  const claims: readonly unknown[] = Array.isArray(listed) ? listed : ['token']
  const match = member(written, 'match')
  return {
    path,
    written,
    source,
    type,
    claims,
    isEntraUserInfo:
      type === 'entra' && claims.length > 0 && claims.every((one) => one === 'userinfo'),
    rules: Array.isArray(match)
      ? match.map((rule: unknown, index) => readRule([...path, 'match', index], rule))
      : undefined,
  }
}

function readRule(path: FieldPath, written: unknown): ReadRule {
  const all = member(written, 'all')
  const pairs = Array.isArray(all)
    ? all.map((pair: unknown, index) => readPair([...path, 'all', index], pair))
    : [readPair(path, written)]
  return { path, written, pairs: pairs.filter((pair) => pair !== undefined) }
}

function readPair(path: FieldPath, pair: unknown): ReadPair | undefined {
  const claim = member(pair, 'claim')
  if (typeof claim !== 'string') return undefined
  const column = member(pair, 'column')
  const only = member(pair, 'source')
  return {
    path,
    claim: shortClaimName(claim),
    column: typeof column === 'string' ? column : undefined,
    only: typeof only === 'string' ? only : undefined,
  }
}
