import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { root, runCommand } from './run-command.ts'
import type { StepOutcome } from './run-steps.ts'

/** What the console is built from: a change of any of it makes another console. */
const sources = ['console', 'src/client', 'src/kernel', 'package-lock.json']
const built = join(root, 'console/dist')

/**
 * Builds the console unless it is newer than all it is built from: `npm ci` has just built it in a
 * fresh checkout, and whoever serves it meanwhile finds all of it.
 */
export async function buildConsole(): Promise<StepOutcome> {
  const page = statSync(join(built, 'index.html'), { throwIfNoEntry: false })
  if (page !== undefined && page.mtimeMs > Math.max(...sources.flatMap(timesOf))) {
    return { passed: true, output: '' }
  }
  return runCommand('npm', ['run', '--silent', 'build:console'])
}

function timesOf(source: string): readonly number[] {
  const path = join(root, source)
  const itself = statSync(path)
  if (!itself.isDirectory()) return [itself.mtimeMs]
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.startsWith(built))
    .map(({ parentPath, name }) => statSync(join(parentPath, name)).mtimeMs)
}
