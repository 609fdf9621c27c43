import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { checkArchitecture, checkRoomsDocument } from '../../tools/architecture.ts'
import { renderRooms, rooms } from '../../tools/rooms.ts'

/** A tree that obeys every rule; each test plants one violation in it. */
const soundTree: Readonly<Record<string, string>> = {
  'package.json': JSON.stringify({
    name: 'fixture',
    type: 'module',
    dependencies: { 'better-sqlite3': '1.0.0', commander: '1.0.0', surprise: '1.0.0' },
    devDependencies: { vitest: '1.0.0' },
  }),
  ...installed('better-sqlite3'),
  ...installed('commander'),
  ...installed('surprise'),
  ...installed('vitest'),
  'src/index.ts': `export { rows } from './store/index.ts'\n`,
  'src/kernel/index.ts': `export { secret } from './secret.ts'\nexport type { Token } from './token.ts'\n`,
  'src/kernel/secret.ts': `export const secret = 1\n`,
  'src/kernel/token.ts': `export interface Token { readonly text: string }\n`,
  'src/oauth/index.ts': `import { secret } from '../kernel/index.ts'\nexport const wire = secret\n`,
  'src/grants/index.ts': `export type { GrantStore } from './ports.ts'\nexport { engine } from './engine.ts'\n`,
  'src/grants/engine.ts': `import { wire } from '../oauth/index.ts'\nexport const engine = wire\n`,
  'src/grants/ports.ts': `import type { Token } from '../kernel/index.ts'\nexport interface GrantStore { readonly token: Token }\n`,
  'src/vault/index.ts': `export const vault = 1\n`,
  'src/store/index.ts': [
    `import database from 'better-sqlite3'`,
    `import type { GrantStore } from '../grants/ports.ts'`,
    `import { vault } from '../vault/index.ts'`,
    `export const rows = (store: GrantStore): unknown => [database, vault, store]`,
  ].join('\n'),
  'src/store/rows.test.ts': `import { engine } from '../grants/index.ts'\nimport 'vitest'\nvoid engine\n`,
}

const planted: readonly {
  readonly violation: string
  readonly rule: string
  readonly files: Readonly<Record<string, string>>
}[] = [
  {
    violation: 'a room that imports one its line does not name',
    rule: 'kernel-imports-only-its-line',
    files: { 'src/kernel/bad.ts': `import { wire } from '../oauth/index.ts'\nvoid wire\n` },
  },
  {
    violation: 'the same by a type-only import',
    rule: 'oauth-imports-only-its-line',
    files: {
      'src/oauth/bad.ts': `import type { GrantStore } from '../grants/index.ts'\nexport type Bad = GrantStore\n`,
    },
  },
  {
    violation: 'the same by an inline type import',
    rule: 'oauth-imports-only-its-line',
    files: {
      'src/oauth/bad.ts': `import { type GrantStore } from '../grants/index.ts'\nexport type Bad = GrantStore\n`,
    },
  },
  {
    violation: 'the same by an import type in a signature',
    rule: 'oauth-imports-only-its-line',
    files: { 'src/oauth/bad.ts': `export type Bad = import('../grants/index.ts').GrantStore\n` },
  },
  {
    violation: 'the same by a re-export',
    rule: 'oauth-imports-only-its-line',
    files: { 'src/oauth/bad.ts': `export * from '../grants/index.ts'\n` },
  },
  {
    violation: 'the same by a dynamic import',
    rule: 'oauth-imports-only-its-line',
    files: { 'src/oauth/bad.ts': `export const bad = await import('../grants/index.ts')\n` },
  },
  {
    violation: 'a simulator that shares code with what it is there to test',
    rule: 'simulator-imports-only-its-line',
    files: { 'src/simulator/bad.ts': `import { wire } from '../oauth/index.ts'\nvoid wire\n` },
  },
  {
    violation: 'a room entered past its door',
    rule: 'rooms-have-one-door',
    files: { 'src/oauth/bad.ts': `import { secret } from '../kernel/secret.ts'\nvoid secret\n` },
  },
  {
    violation: 'a type taken past the door',
    rule: 'rooms-have-one-door',
    files: {
      'src/oauth/bad.ts': `import type { Token } from '../kernel/token.ts'\nexport type Bad = Token\n`,
    },
  },
  {
    violation: 'a test that enters another room past its door',
    rule: 'rooms-have-one-door',
    files: {
      'src/store/bad.test.ts': `import { engine } from '../grants/engine.ts'\nvoid engine\n`,
    },
  },
  {
    violation: 'a room other than the store that reads ports past the door',
    rule: 'rooms-have-one-door',
    files: {
      'src/imports/bad.ts': `import type { GrantStore } from '../grants/ports.ts'\nexport type Bad = GrantStore\n`,
    },
  },
  {
    violation: 'a store that depends on the code behind a port',
    rule: 'store-implements-ports-by-type',
    files: { 'src/store/bad.ts': `import { engine } from '../grants/index.ts'\nvoid engine\n` },
  },
  {
    violation: 'a store that depends on the code behind a port beside an allowed type import',
    rule: 'store-implements-ports-by-type',
    files: {
      'src/store/bad.ts': [
        `import type { GrantStore } from '../grants/index.ts'`,
        `import { engine } from '../grants/index.ts'`,
        `export const bad = (store: GrantStore): unknown => [store, engine]`,
      ].join('\n'),
    },
  },
  {
    violation: 'a store that reads more of a room than its ports',
    rule: 'rooms-have-one-door-and-ports',
    files: {
      'src/store/bad.ts': `import type { engine } from '../grants/engine.ts'\nexport type Bad = typeof engine\n`,
    },
  },
  {
    violation: 'a cycle',
    rule: 'no-cycles',
    files: {
      'src/kernel/a.ts': `import { b } from './b.ts'\nexport const a = (): number => b\n`,
      'src/kernel/b.ts': `import { a } from './a.ts'\nexport const b = a()\n`,
    },
  },
  {
    violation: 'production code that imports a test',
    rule: 'production-never-imports-tests',
    files: { 'src/oauth/bad.ts': `import './bad.test.ts'\n`, 'src/oauth/bad.test.ts': `void 0\n` },
  },
  {
    violation: 'production code that imports test support',
    rule: 'production-never-imports-tests',
    files: {
      'src/oauth/bad.ts': `import '../../test/support/fake.ts'\n`,
      'test/support/fake.ts': `void 0\n`,
    },
  },
  {
    violation: 'production code that imports a development dependency',
    rule: 'production-never-imports-dev-dependencies',
    files: { 'src/oauth/bad.ts': `import 'vitest'\n` },
  },
  {
    violation: 'a package in a room that does not own it',
    rule: 'package-better-sqlite3',
    files: { 'src/grants/bad.ts': `import database from 'better-sqlite3'\nvoid database\n` },
  },
  {
    violation: 'only the types of such a package',
    rule: 'package-commander',
    files: {
      'src/grants/bad.ts': `import type { Command } from 'commander'\nexport type Bad = Command\n`,
    },
  },
  {
    violation: 'a package nobody listed',
    rule: 'packages-are-listed',
    files: { 'src/oauth/bad.ts': `import 'surprise'\n` },
  },
  {
    violation: 'a package nobody declared',
    rule: 'imports-resolve',
    files: { 'src/oauth/bad.ts': `import 'nowhere'\n` },
  },
  {
    violation: 'a built-in module in a room that does not own it',
    rule: 'builtin-child-process',
    files: { 'src/oauth/bad.ts': `import { spawn } from 'node:child_process'\nvoid spawn\n` },
  },
  {
    violation: 'the same without the node: prefix',
    rule: 'builtin-crypto',
    files: { 'src/directory/bad.ts': `import { randomBytes } from 'crypto'\nvoid randomBytes\n` },
  },
  {
    violation: 'a built-in module in a room that also runs in browsers',
    rule: 'kernel-is-runtime-neutral',
    files: { 'src/kernel/bad.ts': `import { join } from 'node:path'\nvoid join\n` },
  },
  {
    violation: 'a package door that reaches into a room',
    rule: 'package-doors-open-rooms',
    files: { 'src/index.ts': `export { secret } from './kernel/secret.ts'\n` },
  },
  {
    violation: 'a room that imports the package it is part of',
    rule: 'rooms-never-import-package-doors',
    files: { 'src/oauth/bad.ts': `import { rows } from '../index.ts'\nvoid rows\n` },
  },
  {
    violation: 'a file that is not there',
    rule: 'imports-resolve',
    files: { 'src/oauth/bad.ts': `import './missing.ts'\n` },
  },
  {
    violation: 'a folder that is no room',
    rule: 'has no room "misc"',
    files: { 'src/misc/bad.ts': `void 0\n` },
  },
  {
    violation: 'a file beside the package doors',
    rule: 'not a package door',
    files: { 'src/extra.ts': `void 0\n` },
  },
]

const trees: string[] = []

afterEach(() => {
  for (const tree of trees.splice(0)) rmSync(tree, { recursive: true })
})

describe('the room rule', () => {
  it.each(planted)('catches $violation', async ({ rule, files }) => {
    const report = await checkArchitecture(plant({ ...soundTree, ...files }))
    expect(report.violations.join('\n')).toContain(rule)
  })

  it('refuses a tree without sources instead of finding it clean', async () => {
    const report = await checkArchitecture(plant({ 'package.json': '{}' }))
    expect(report.violations).toEqual(['src/ has no TypeScript files'])
  })

  it('accepts a tree that keeps it', async () => {
    const report = await checkArchitecture(plant(soundTree))
    expect(report.violations).toEqual([])
    expect(report.modules).toBe(11)
  })

  it('holds for Evergrant, every source file having been read', async () => {
    const report = await checkArchitecture(join(import.meta.dirname, '../..'))
    expect(report.violations).toEqual([])
    expect(report.modules).toBeGreaterThan(20)
  })
})

describe('the room table', () => {
  it('names only rooms it defines', () => {
    for (const room of Object.values(rooms)) {
      for (const name of [...room.imports, ...(room.implementsPortsOf ?? [])]) {
        expect(Object.keys(rooms)).toContain(name)
      }
    }
  })

  it('is missed in a document that lost its markers', () => {
    expect(checkRoomsDocument(renderRooms())).toHaveLength(1)
  })

  it('is told apart from a document that claims another import', () => {
    const markdown = document(renderRooms().replace('| nothing |', '| config |'))
    expect(checkRoomsDocument(markdown)).toHaveLength(2)
  })

  it('is told apart from a document with a row too many', () => {
    const markdown = document(`${renderRooms()}\n| attic | old things | nothing |`)
    expect(checkRoomsDocument(markdown)).toHaveLength(1)
  })

  it('is recognised however a formatter pads it', () => {
    const padded = renderRooms().replaceAll(' | ', '    |  ').replaceAll('---', '--------')
    expect(checkRoomsDocument(document(padded))).toEqual([])
  })

  it('is what ARCHITECTURE.md shows', () => {
    const path = join(import.meta.dirname, '../../ARCHITECTURE.md')
    expect(checkRoomsDocument(readFileSync(path, 'utf8'))).toEqual([])
  })
})

function document(table: string): string {
  return `# Rooms\n\n<!-- rooms -->\n\n${table}\n\n<!-- /rooms -->\n`
}

function installed(name: string): Readonly<Record<string, string>> {
  const manifest = { name, version: '1.0.0', main: 'index.js' }
  return {
    [`node_modules/${name}/package.json`]: JSON.stringify(manifest),
    [`node_modules/${name}/index.js`]: 'module.exports = {}\n',
  }
}

function plant(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'evergrant-rooms-'))
  trees.push(root)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}
