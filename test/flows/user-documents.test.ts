import { globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { parse, stringify } from 'yaml'
import { describe, expect, it } from 'vitest'
import { guidanceOfAlarm, type AlarmRecord } from '../../src/alarms/index.ts'
import { createProgram } from '../../src/cli/run-cli.ts'
import { loadConfig } from '../../src/config/index.ts'
import { collections } from '../../src/directory/index.ts'
import { defaultTenant } from '../../src/simulator/index.ts'
import { anchorsOf, readDocument, shownCommands, shownOptions } from '../support/document-blocks.ts'

const root = join(import.meta.dirname, '../..')
const documents = [
  'README.md',
  // Steps name commands, wherever they are shown.
  'docs/reference/remedies.md',
  ...globSync('docs/guides/*.md', { cwd: root }),
]
const readme = readDocument('README.md')

const alarmKinds: Readonly<Record<AlarmRecord['kind'], true>> = {
  grant_lapsed: true,
  grant_refresh_unknown: true,
  grant_idle: true,
  heartbeat_missed: true,
  credential_expiring: true,
  import_failed: true,
  import_missed: true,
  import_link: true,
  issuer_keys: true,
}

const unheard = (): never => {
  throw new Error('only the command tree is looked at')
}
const program = await createProgram({
  io: {
    env: {},
    cwd: root,
    out: unheard,
    note: unheard,
    isTerminal: false,
    columns: 80,
    outBytes: unheard,
    readInput: unheard,
    readInputBytes: unheard,
    onInterrupt: unheard,
    onHangUp: unheard,
  },
  exitWith: unheard,
})

/** A whole configuration with one shown piece in it: a section, or a setting of a connection. */
function withPlace(shown: string): string {
  const piece = parse(shown) as Record<string, unknown>
  const { credentials = [{ secret: { env: 'A' } }], ...rest } = piece
  const { tenant, type, ...sections } = rest
  const provider = { type: 'entra', tenant: defaultTenant.id }
  const connection = {
    provider: 'contoso',
    client: { id: 'a', credentials },
    grant: 'client_credentials',
  }
  return stringify({
    store: 'sqlite:./evergrant.db',
    encryption: { keys: [{ id: 'k1', env: 'KEY' }] },
    providers: {
      contoso: provider,
      ...(type === undefined ? {} : { other: { type, issuer: 'https://sso.example.com' } }),
    },
    connections: {
      'contoso-graph': { ...connection, ...(tenant === undefined ? {} : { tenant }) },
    },
    ...sections,
  })
}

function allCommands(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(allCommands)]
}

function has(command: Command, option: string): boolean {
  if (option === '--help' || option === '-h') return true
  return command.options.some(({ long, short }) => option === long || option === short)
}

/** What a command line names that does not exist; undefined when all of it does. */
function unknownPart(words: readonly string[]): string | undefined {
  let command = program
  for (const word of words) {
    if (word.startsWith('-')) {
      const option = word.split('=')[0] ?? word
      if (!has(command, option)) return `${command.name()} ${option}`
      continue
    }
    if (command.commands.length === 0) continue
    const child = command.commands.find((one) => one.name() === word)
    if (child !== undefined) command = child
    // A command with commands below it may take an argument itself: `consent NAME`.
    else if (command.registeredArguments.length === 0) return `${command.name()} ${word}`
  }
  return undefined
}

describe('the documents for users', () => {
  it.each(['evergrant sessions', 'evergrant import a users --csv', 'evergrant keys revoke'])(
    'could not name `%s`, which does not exist',
    (line) => {
      const commands = shownCommands(`Run \`${line}\`.\n\n\`\`\`sh\nnpx ${line}\n\`\`\`\n`)
      expect(commands.map(({ words }) => unknownPart(words))).not.toContain(undefined)
      expect(commands).toHaveLength(2)
    },
  )

  it.each(documents)('%s shows only commands and options that exist', (path) => {
    const text = readDocument(path)
    const unknown = shownCommands(text).flatMap(({ line, words }) => {
      const part = unknownPart(words)
      return part === undefined ? [] : [`${line}: ${part}`]
    })
    expect(unknown).toEqual([])
    const commands = allCommands(program)
    const known = (option: string): boolean => commands.some((command) => has(command, option))
    expect(shownOptions(text).filter((option) => !known(option))).toEqual([])
  })

  it('steps of alarms name only commands and options that exist', () => {
    const steps = Object.keys(alarmKinds).flatMap(
      (kind) =>
        guidanceOfAlarm({ kind: kind as AlarmRecord['kind'], subject: 'csp', remedy: 'Do it.' })
          .steps,
    )
    const commands = shownCommands(steps.join('\n\n'))
    expect(commands.length).toBeGreaterThan(5)
    expect(commands.flatMap(({ words }) => unknownPart(words) ?? [])).toEqual([])
  })

  it.each(documents)('%s links only to headings that are there', (path) => {
    const links = [...readDocument(path).matchAll(/\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)/g)]
    const broken = links.filter(([, target = '', anchor = '']) => {
      const file = target === '' ? path : join(dirname(path), target)
      return !anchorsOf(readDocument(file)).includes(anchor)
    })
    expect(broken.map(([link]) => link)).toEqual([])
  })

  it('name only scripts of npm that exist', () => {
    const { scripts } = JSON.parse(readDocument('package.json')) as { scripts: object }
    const named = documents
      .flatMap((path) => [...readDocument(path).matchAll(/npm (?:run )?([a-z]+)/g)])
      .map(([, name = '']) => name)
      .filter((name) => !['ci', 'run', 'pack', 'install'].includes(name))
    expect(named).toContain('demo')
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([])
  })

  it('list the default columns as they are', () => {
    const list = /<!-- columns -->([\s\S]*?)<!-- \/columns -->/.exec(readme)?.[1] ?? ''
    const listed = [...list.matchAll(/`(\w+)`/g)].map(([, name]) => name)
    expect(listed).toEqual(collections.users.defaultColumns)
    const { length } = collections.users.defaultColumns
    expect(readDocument('docs/guides/import-operations.md')).toContain(`| ${length} columns `)
  })

  it('show settings and sections that the configuration takes', async () => {
    const rows = [...readme.matchAll(/^\| .*? \| `([a-z]\w*: .*?)`/gm)].map(([, one = '']) => one)
    // The runbook changes a file that is there: what it shows is a part of one.
    const blocks = documents
      .filter((path) => path !== 'docs/guides/compromise.md')
      .flatMap((path) => [...readDocument(path).matchAll(/^```yaml\n([\s\S]*?)^```/gm)])
      .map(([, text = '']) => text)
      .filter((text) => /^(imports|store|connections):/.test(text))
    expect({ rows: rows.length, blocks: blocks.length }).toEqual({ rows: 6, blocks: 7 })
    for (const shown of [...rows, ...blocks]) {
      const bytes = new TextEncoder().encode(withPlace(shown))
      const world = { readFile: async () => bytes, workingDirectory: '/' }
      const problem = await loadConfig('/evergrant.yaml', world).then(
        () => 'none',
        (error: unknown) => String(error),
      )
      expect({ shown, problem }).toEqual({ shown, problem: 'none' })
    }
  })

  it('answer the four messages people search for', () => {
    const top = readme.slice(0, readme.indexOf('\n## '))
    for (const message of [
      'InvalidAuthenticationToken — Lifetime validation failed, the token is expired.',
      '500 access token expired',
      '401 token has expired',
      'AADSTS700082',
    ]) {
      expect(top).toContain(message)
    }
    expect(top.match(/docs\/guides\/error-[\w-]+\.md/g)).toHaveLength(4)
  })
})
