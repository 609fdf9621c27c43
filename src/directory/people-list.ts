import type { AccountKind } from './account-ports.ts'
import { readCsv } from './csv-records.ts'
import type { EntryProblem, PersonEntry } from './people-desk.ts'

/** A list of people as read from a file. */
export interface PeopleList {
  readonly entries: readonly PersonEntry[]
  /** Lines that could not be read. */
  readonly problems: readonly EntryProblem[]
}

const needed = ['person', 'tenant', 'account'] as const
const columns = [...needed, 'kind', 'role', 'connections'] as const
type Column = (typeof columns)[number]
type Fields = Partial<Record<Column, unknown>>

/**
 * Reads a list of people: CSV with a header, or NDJSON when the first character is a brace. Each
 * line links one account: `person`, `tenant`, `account` (object id or userPrincipalName), and as
 * they are wanted `kind`, `role`, `connections` (in CSV parted by blanks or semicolons).
 */
export function readPeopleList(text: string): PeopleList {
  return /^\uFEFF?\s*\{/.test(text) ? readJsonLines(text) : readCsvList(text)
}

function readCsvList(text: string): PeopleList {
  const { records, isOpen } = readCsv(text)
  const [header, ...rows] = records
  const names = header?.cells.map((cell) => cell.trim().toLowerCase()) ?? []
  const place = `line ${header?.line ?? 1}`
  const problems: EntryProblem[] = []
  if (isOpen) problems.push({ place, problem: 'a quoted cell somewhere below is never closed' })
  const missing = needed.filter((name) => !names.includes(name))
  if (missing.length > 0) {
    problems.push({
      place,
      problem: `expected a header with ${needed.join(', ')}, but saw no ${missing.join(', ')}`,
    })
  }
  for (const [at, name] of names.entries()) {
    if (!isColumn(name)) {
      problems.push({
        place,
        problem: `expected the columns ${columns.join(', ')}, but saw ${shown(name)}`,
      })
    } else if (names.indexOf(name) < at) {
      problems.push({ place, problem: `the column "${name}" stands twice` })
    }
  }
  if (problems.length > 0) return { entries: [], problems }
  const list = collect()
  for (const { line, cells } of rows) {
    if (cells.length !== names.length) {
      list.refuse(`line ${line}`, `expected ${names.length} cells, but saw ${cells.length}`)
      continue
    }
    const fields = Object.fromEntries(names.map((name, at) => [name, cells[at]?.trim()]))
    list.add(`line ${line}`, fields)
  }
  return list
}

function readJsonLines(text: string): PeopleList {
  const list = collect()
  for (const [at, line] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    if (line.trim() === '') continue
    const place = `line ${at + 1}`
    const value = parsed(line)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      list.refuse(place, 'expected a JSON object on one line')
      continue
    }
    const unknown = Object.keys(value).find((name) => !isColumn(name))
    if (unknown === undefined) list.add(place, value)
    else list.refuse(place, `expected ${columns.join(', ')}, but saw ${shown(unknown)}`)
  }
  return list
}

function collect(): PeopleList & {
  add(place: string, fields: Fields): void
  refuse(place: string, problem: string): void
} {
  const entries: PersonEntry[] = []
  const problems: EntryProblem[] = []
  const refuse = (place: string, problem: string): void => void problems.push({ place, problem })
  return {
    entries,
    problems,
    refuse,
    add: (place, fields) => {
      const { person, tenant, account, kind, role, connections } = fields
      const odd = (['person', 'tenant', 'account', 'kind', 'role'] as const).find((name) => {
        const value = fields[name]
        return value !== undefined && value !== null && typeof value !== 'string'
      })
      const names = namesIn(connections)
      if (odd !== undefined) return refuse(place, `expected a text as "${odd}"`)
      if (names === undefined) {
        return refuse(place, 'expected names as "connections", in a list or parted by blanks')
      }
      const isKind = kind === 'user' || kind === 'servicePrincipal'
      if (!isKind && !isAbsent(kind)) {
        return refuse(place, `expected the kind user or servicePrincipal, but saw ${shown(kind)}`)
      }
      entries.push({
        place,
        person: textOf(person),
        tenant: textOf(tenant),
        account: textOf(account),
        kind: isKind ? (kind satisfies AccountKind) : 'user',
        ...(isAbsent(role) ? {} : { role: textOf(role) }),
        connections: names,
      })
    },
  }
}

const isAbsent = (value: unknown): boolean => value === undefined || value === null || value === ''
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const shown = (value: unknown): string => JSON.stringify(String(value).slice(0, 100))

function isColumn(name: string): name is Column {
  return columns.some((column) => column === name)
}

function namesIn(value: unknown): readonly string[] | undefined {
  if (isAbsent(value)) return []
  if (typeof value === 'string') return value.split(/[\s;]+/).filter((name) => name !== '')
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'string')) return undefined
  return value
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
