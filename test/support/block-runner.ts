import { spawn, type ChildProcess } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { parse, stringify } from 'yaml'
import { compileCache } from './compile-cache.ts'
import type { MarkedBlock } from './document-blocks.ts'

const root = join(import.meta.dirname, '../..')

/** How a block ended. */
export interface BlockEnd {
  readonly exit: number | null
  /** Both streams, in the order they came. */
  readonly printed: string
}

/** Does in a folder of its own what a document tells its reader to do. */
export interface BlockRunner {
  readonly folder: string
  /** Runs a block to its end; one in the background only until it is ready. */
  run(block: MarkedBlock): Promise<BlockEnd>
  close(): Promise<void>
}

/**
 * Makes a folder in which `npx evergrant` is this checkout. Between blocks live on: exported
 * variables, and the id of the last run (`ID` stands for it). The documented ports of simulator and
 * service may be taken on this machine: free ones are used in their place, throughout.
 */
export async function createBlockRunner(): Promise<BlockRunner> {
  const folder = await mkdtemp(join(tmpdir(), 'evergrant-readme-'))
  const tools = await mkdtemp(join(tmpdir(), 'evergrant-readme-bin-'))
  await writeFile(
    join(tools, 'npx'),
    `#!/bin/sh\n[ "$1" = evergrant ] || exit 127\nshift\nexec node ${join(root, 'bin/evergrant.js')} "$@"\n`,
  )
  await chmod(join(tools, 'npx'), 0o755)
  await installPackage(folder)
  const env = {
    ...compileCache,
    HOME: folder,
    PATH: [tools, dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter),
  }
  const exported: string[] = []
  const inBackground: ChildProcess[] = []
  let runId = ''
  let port = ''
  const servicePort = await freePort()

  const told = (text: string): string => {
    const withId = text.replaceAll(/\bID\b/g, runId).replaceAll(':8420', `:${servicePort}`)
    return port === '' ? withId : withId.replaceAll('7001', port)
  }

  function shell(script: string): ChildProcess {
    return spawn('/bin/sh', ['-e', '-c', script], { cwd: folder, env, stdio: 'pipe' })
  }

  async function runShell(text: string): Promise<BlockEnd> {
    const end = await ended(shell([...exported, told(text)].join('\n')))
    exported.push(...text.split('\n').filter((line) => line.startsWith('export ')))
    runId = [...end.printed.matchAll(/run_[0-9a-f-]{36}/g)].at(-1)?.[0] ?? runId
    return end
  }

  /** Starts the simulator of the block, on a free port, or the service. */
  async function startBackground(text: string): Promise<BlockEnd> {
    // `exec`, so that the process to end is the command and not its shell.
    const started = `exec ${text.replace('--port 7001', '--port 0')}`
    const child = shell([...exported, started].join('\n'))
    inBackground.push(child)
    if (text.includes('evergrant serve')) {
      return { exit: 0, printed: await printedUntil(child, 'evergrant listens at') }
    }
    const printed = await printedUntil(child, 'Ctrl-C ends it.')
    port = /graph +http:\/\/127\.0\.0\.1:(\d+)/.exec(printed)?.[1] ?? ''
    return { exit: 0, printed }
  }

  async function mergeConfig(text: string): Promise<BlockEnd> {
    const path = join(folder, 'evergrant.yaml')
    const merged = merge(parse(await readFile(path, 'utf8')), parse(told(text)))
    await writeFile(path, stringify(merged))
    return { exit: 0, printed: '' }
  }

  function query(text: string): BlockEnd {
    const database = new Database(join(folder, 'evergrant.db'), { readonly: true })
    try {
      return { exit: 0, printed: JSON.stringify(database.prepare(text).all()) }
    } finally {
      database.close()
    }
  }

  async function runProgram(text: string): Promise<BlockEnd> {
    await writeFile(join(folder, 'program.ts'), text)
    return ended(shell([...exported, 'exec node program.ts'].join('\n')))
  }

  return {
    folder,
    run: async ({ language, text, isBackground }) => {
      if (isBackground) return startBackground(text)
      switch (language) {
        case 'sh':
          return runShell(text)
        case 'yaml':
          return mergeConfig(text)
        case 'sql':
          return query(text)
        case 'ts':
          return runProgram(text)
        default:
          throw new Error(`nobody knows how to run a block of ${language}`)
      }
    },
    close: async () => {
      for (const child of inBackground) {
        const end = ended(child)
        child.kill('SIGTERM')
        await end
      }
      await rm(folder, { recursive: true, force: true })
      await rm(tools, { recursive: true, force: true })
    },
  }
}

/** Stands in for the installed package: the same doors, opened on the sources. */
async function installPackage(folder: string): Promise<void> {
  const home = join(folder, 'node_modules/evergrant')
  await mkdir(home, { recursive: true })
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  // Node follows links before it decides on types: the sources lie outside node_modules.
  await symlink(join(root, 'src'), join(home, 'src'))
  const exports = { '.': './src/index.ts', './simulator': './src/simulator/index.ts' }
  await writeFile(
    join(home, 'package.json'),
    JSON.stringify({ name: 'evergrant', type: 'module', exports }),
  )
}

/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

function ended(child: ChildProcess): Promise<BlockEnd> {
  let printed = ''
  const take = (text: Buffer): void => void (printed += text.toString())
  child.stdout?.on('data', take)
  child.stderr?.on('data', take)
  if (child.exitCode !== null) return Promise.resolve({ exit: child.exitCode, printed })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (exit) => resolve({ exit, printed }))
  })
}

function printedUntil(child: ChildProcess, sign: string): Promise<string> {
  let printed = ''
  return new Promise((resolve, reject) => {
    const take = (text: Buffer): void => {
      printed += text.toString()
      if (printed.includes(sign)) resolve(printed)
    }
    child.stdout?.on('data', take)
    child.stderr?.on('data', take)
    child.on('error', reject)
    child.on('close', (exit) => reject(new Error(`ended with ${exit}: ${printed}`)))
  })
}

/** Lays the fields of `change` over `base`. */
function merge(base: unknown, change: unknown): unknown {
  if (!isMapping(base) || !isMapping(change)) return change
  const merged = { ...base }
  for (const [name, value] of Object.entries(change)) merged[name] = merge(base[name], value)
  return merged
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
