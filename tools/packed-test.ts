import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { withTarball } from './pack.ts'
import { root, runCommand, toolEnvironment, type CommandOutcome } from './run-command.ts'
import type { StepOutcome } from './run-steps.ts'

/** An empty folder with the package installed, and a path on which only this Node.js is new. */
interface Installation {
  readonly folder: string
  readonly run: (command: string, ...args: readonly string[]) => Promise<CommandOutcome>
}

interface Probe {
  readonly name: string
  run(installation: Installation, tarball: string): Promise<StepOutcome>
}

const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
  readonly version: string
  readonly exports: Readonly<Record<string, unknown>>
}

/** Names under which the package can be imported, `./package.json` apart. */
const doors = Object.keys(manifest.exports)
  .filter((subpath) => !subpath.endsWith('.json'))
  .map((subpath) => subpath.replace('.', 'evergrant'))

/** Files that the package cannot do without; a worker's entry is found by its name alone. */
const published: readonly string[] = [
  'LICENSE',
  'README.md',
  'bin/evergrant.js',
  'console/dist/index.html',
  'dist/index.js',
  'dist/cli/main.js',
  'dist/server/import-worker.js',
  'dist/server/lookup-worker.js',
  'dist/server/sweep-worker.js',
  'dist/server/trace-worker.js',
]

/** What a stranger does with the package, in the order they would do it. */
const probes: readonly Probe[] = [
  { name: 'holds what is published and nothing else', run: inspectContents },
  {
    name: 'installs into an empty folder',
    run: ({ run }, tarball) => run('npm', 'install', '--no-audit', '--no-fund', tarball),
  },
  {
    name: 'every door opens',
    run: ({ run }) => run('node', 'open-doors.mjs', ...doors),
  },
  { name: 'its types hold for a strict consumer', run: compileConsumer },
  { name: 'tells its version', run: tellVersion },
  {
    name: 'imports a simulated directory through token expiry',
    run: ({ run }) => run('node', 'import-directory.mjs'),
  },
]

/**
 * Installs a tarball of the package into an empty folder and uses it there as a stranger would.
 * Runs every probe that its predecessors make possible and names the one that failed.
 */
export async function testPackedPackage(tarball: string): Promise<StepOutcome> {
  const folder = await mkdtemp(join(tmpdir(), 'evergrant-packed-'))
  try {
    const installation = await prepare(folder)
    for (const probe of probes) {
      const { passed, output } = await probe.run(installation, tarball)
      if (!passed) return { passed, output: `the packed package: ${probe.name}\n${output}` }
    }
    return { passed: true, output: '' }
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function prepare(folder: string): Promise<Installation> {
  const own = join(folder, 'node')
  await mkdir(own)
  await symlink(process.execPath, join(own, 'node'))
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
  for (const script of ['open-doors.mjs', 'import-directory.mjs']) {
    await copyFile(join(root, 'tools/packed', script), join(folder, script))
  }
  const inherited = toolEnvironment()
  const others = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((entry) => !entry.includes('node_modules'))
  const env = { ...inherited, PATH: [own, ...others].join(delimiter) }
  return {
    folder,
    run: (command, ...args) => runCommand(command, args, { cwd: folder, env, deadlineMs: 180_000 }),
  }
}

async function inspectContents(_: Installation, tarball: string): Promise<StepOutcome> {
  const listed = await runCommand('tar', ['-tzf', tarball])
  if (!listed.passed) return listed
  const files = listed.output.trim().split('\n')
  const allowed = /^package\/(?:bin\/|console\/dist\/|dist\/|LICENSE$|README\.md$|package\.json$)/
  const problems = [
    ...files.filter((file) => !allowed.test(file)).map((file) => `should not be there: ${file}`),
    ...files.filter((file) => /\.test\.|\.map$/.test(file)).map((file) => `a leftover: ${file}`),
    ...published
      .filter((file) => !files.includes(`package/${file}`))
      .map((file) => `is missing: ${file}`),
  ]
  return { passed: problems.length === 0, output: problems.join('\n') }
}

async function compileConsumer({ folder, run }: Installation): Promise<StepOutcome> {
  const lines = doors.map((door, i) => `import * as door${i} from '${door}'\nvoid door${i}`)
  await writeFile(join(folder, 'consumer.ts'), `${lines.join('\n')}\n`)
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2024',
    lib: ['es2024', 'esnext.disposable', 'esnext.error'],
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
  }
  const project = { compilerOptions, include: ['consumer.ts'] }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(project))
  return run(join(root, 'node_modules/.bin/tsc'), '-p', '.')
}

async function tellVersion({ run }: Installation): Promise<StepOutcome> {
  const told = await run('npx', '--no-install', 'evergrant', '--version')
  const isRight = told.passed && told.output.split('\n').includes(manifest.version)
  return { passed: isRight, output: `expected ${manifest.version}, seen:\n${told.output}` }
}

if (import.meta.main) {
  const { passed, output } = await withTarball(testPackedPackage)
  console.log(passed ? 'the packed package works' : output)
  process.exitCode = passed ? 0 : 1
}
