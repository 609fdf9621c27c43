import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root, runCommand } from './run-command.ts'
import type { StepOutcome } from './run-steps.ts'

/** A promise nobody waits for: legal for the compiler, visible only to a lint rule that has types. */
const floatingPromise = `export function start(): void {
  work()
}

async function work(): Promise<void> {}
`

/**
 * Passes when oxlint, configured as for our own code, finds a planted un-awaited promise. Without
 * its type-aware half oxlint would find nothing and report success.
 */
export async function proveTypeAwareLint(): Promise<StepOutcome> {
  const folder = await mkdtemp(join(tmpdir(), 'evergrant-lint-'))
  try {
    await writeFile(join(folder, 'canary.ts'), floatingPromise)
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ include: ['canary.ts'] }))
    const config = join(root, '.oxlintrc.json')
    const { passed, output } = await runCommand('oxlint', ['--type-aware', '-c', config, '.'], {
      cwd: folder,
    })
    if (!passed && output.includes('no-floating-promises')) return { passed: true, output: '' }
    return { passed: false, output: `a planted floating promise was not found:\n${output}` }
  } finally {
    await rm(folder, { recursive: true })
  }
}
