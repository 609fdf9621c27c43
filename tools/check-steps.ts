import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkArchitecture, checkRoomsDocument } from './architecture.ts'
import { buildConsole } from './console-build.ts'
import { proveTypeAwareLint } from './lint-canary.ts'
import { withTarball } from './pack.ts'
import { testPackedPackage } from './packed-test.ts'
import { root, runCommand } from './run-command.ts'
import type { Step, StepOutcome } from './run-steps.ts'

/** What `npm run check` proves; two at a time, so the longest are begun first. */
export const checkSteps: readonly Step[] = [
  { name: 'format', run: () => runCommand('prettier', ['--check', '--log-level', 'warn', '.']) },
  { name: 'build', run: build },
  { name: 'packed', needs: ['build'], run: () => withTarball(testPackedPackage) },
  { name: 'lint', run: lint },
  { name: 'types', run: compile },
  { name: 'architecture', run: architecture },
  { name: 'dead-code', run: () => runCommand('knip', ['--no-progress']) },
  { name: 'docs', run: () => runCommand('node', ['tools/generate-docs.ts', '--check']) },
  { name: 'command', run: runByName },
  { name: 'publint', needs: ['build'], run: () => withTarball(publint) },
]

/** The package, and the console that it serves. */
async function build(): Promise<StepOutcome> {
  const built = await runCommand('tsdown', [])
  return built.passed ? buildConsole() : built
}

/** Lints, having proved that the rules which need types were really running. */
async function lint(): Promise<StepOutcome> {
  const canary = await proveTypeAwareLint()
  if (!canary.passed) return canary
  return runCommand('oxlint', ['--type-aware', '--deny-warnings', '.'])
}

/** Checks types, having proved that `tsc` is TypeScript 7 and not the compiler kept for its API. */
async function compile(): Promise<StepOutcome> {
  const version = await runCommand('tsc', ['--version'])
  if (!version.output.startsWith('Version 7.')) {
    return { passed: false, output: `expected tsc to be TypeScript 7, found: ${version.output}` }
  }
  const service = await runCommand('tsc', ['-p', '.'])
  return service.passed ? runCommand('tsc', ['-p', 'console']) : service
}

async function architecture(): Promise<StepOutcome> {
  const report = await checkArchitecture(root)
  const markdown = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')
  const violations = [...report.violations, ...checkRoomsDocument(markdown)]
  return { passed: violations.length === 0, output: violations.join('\n') }
}

/** `npx evergrant` works by that name in the checkout, from source. */
async function runByName(): Promise<StepOutcome> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly version: string
  }
  const told = await runCommand('npx', ['evergrant', '--version'])
  const passed = told.passed && told.output.split('\n').includes(version)
  return { passed, output: `expected ${version}, seen:\n${told.output}` }
}

function publint(tarball: string): Promise<StepOutcome> {
  return runCommand('publint', ['run', tarball, '--strict'])
}
