import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cruise, type ICruiseResult } from 'dependency-cruiser'
import { roomRules } from './room-rules.ts'
import { packageDoors, renderRooms, rooms } from './rooms.ts'

/** What the architecture check saw and what it objects to. */
export interface ArchitectureReport {
  /** TypeScript files of `src/` that were read. */
  readonly modules: number
  /** One line each; empty when the rule holds. */
  readonly violations: readonly string[]
}

/**
 * Checks that the sources below `root` obey the room table. Never passes silently: a cruise that
 * read fewer modules than `src/` has files is itself a violation, since that is what
 * dependency-cruiser reports, with success, when it finds no TypeScript it can use.
 */
export async function checkArchitecture(root: string): Promise<ArchitectureReport> {
  const files = typeScriptFiles(root)
  if (files.length === 0) return { modules: 0, violations: ['src/ has no TypeScript files'] }
  const { modules, violations } = await cruiseSources(root)
  const unread = files.filter((file) => !modules.includes(file))
  return {
    modules: files.length - unread.length,
    violations: [
      ...unread.map((file) => `${file}: was not read by dependency-cruiser`),
      ...strayFiles(files),
      ...violations,
    ],
  }
}

/** Lists what differs between the room table and its rendering in ARCHITECTURE.md. */
export function checkRoomsDocument(markdown: string): readonly string[] {
  const table = /<!-- rooms -->\n+([\s\S]*?)\n+<!-- \/rooms -->/.exec(markdown)?.[1]
  if (table === undefined) return ['ARCHITECTURE.md: the markers <!-- rooms --> are missing']
  const written = normalise(table)
  const expected = normalise(renderRooms())
  return [
    ...expected
      .filter((line) => !written.includes(line))
      .map((line) => `ARCHITECTURE.md: expected the line ${line}`),
    ...written
      .filter((line) => !expected.includes(line))
      .map((line) => `ARCHITECTURE.md: tools/rooms.ts knows no line ${line}`),
  ]
}

async function cruiseSources(
  root: string,
): Promise<{ readonly modules: readonly string[]; readonly violations: readonly string[] }> {
  const { output } = await cruise(
    ['src'],
    {
      baseDir: root,
      validate: true,
      ruleSet: { forbidden: [...roomRules()] },
      tsPreCompilationDeps: true,
      detectProcessBuiltinModuleCalls: true,
      doNotFollow: { path: 'node_modules' },
      combinedDependencies: false,
    },
    {
      extensions: ['.ts', '.js', '.json', '.d.ts'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
    },
  )
  if (typeof output === 'string') throw new TypeError('dependency-cruiser gave text, not a result')
  return {
    modules: output.modules.map((module) => module.source),
    violations: describeViolations(output),
  }
}

function describeViolations(result: ICruiseResult): readonly string[] {
  const comments = new Map(roomRules().map((rule) => [rule.name, rule.comment ?? '']))
  return result.summary.violations.map(({ rule, from, to, cycle }) => {
    const path = cycle === undefined ? to : cycle.map((step) => step.name).join(' → ')
    return `${from} → ${path}: ${rule.name} (${comments.get(rule.name) ?? ''})`
  })
}

/** Files outside every room, and rooms whose state in the table is not the truth. */
function strayFiles(files: readonly string[]): readonly string[] {
  return files.flatMap((file) => {
    const [, first = '', ...rest] = file.split('/')
    if (rest.length === 0) {
      return packageDoors.includes(first) || first.endsWith('.test.ts')
        ? []
        : [`${file}: not a package door of tools/rooms.ts`]
    }
    const room = rooms[first]
    if (room === undefined) return [`${file}: tools/rooms.ts has no room "${first}"`]
    return room.state === 'built' ? [] : [`${file}: tools/rooms.ts says "${first}" is planned`]
  })
}

function typeScriptFiles(root: string): readonly string[] {
  const source = join(root, 'src')
  if (!existsSync(source)) return []
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `src/${file.replaceAll('\\', '/')}`)
    .toSorted()
}

/** Rows of a Markdown table without the padding a formatter adds. */
function normalise(table: string): readonly string[] {
  return table
    .split('\n')
    .map((line) =>
      line
        .replaceAll(/\s*\|\s*/g, '|')
        .replaceAll(/-{3,}/g, '---')
        .trim(),
    )
    .filter((line) => line !== '')
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..')
  const report = await checkArchitecture(root)
  const document = checkRoomsDocument(readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8'))
  for (const violation of [...report.violations, ...document]) console.error(violation)
  console.log(`${report.modules} modules read`)
  process.exitCode = report.violations.length + document.length === 0 ? 0 : 1
}
