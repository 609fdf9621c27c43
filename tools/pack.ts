import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from './run-command.ts'
import type { StepOutcome } from './run-steps.ts'

/**
 * Packs the package as it would be published, hands the tarball to `test`, and removes it again.
 * Fails when there is nothing built to pack, since npm would pack an empty shell without a word.
 */
export async function withTarball(
  test: (tarball: string) => Promise<StepOutcome>,
): Promise<StepOutcome> {
  const folder = await mkdtemp(join(tmpdir(), 'evergrant-pack-'))
  try {
    const packed = await runCommand('npm', [
      'pack',
      '--silent',
      '--ignore-scripts',
      '--pack-destination',
      folder,
    ])
    if (!packed.passed) return packed
    const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'))
    if (tarball === undefined) return { passed: false, output: `no tarball: ${packed.output}` }
    return await test(join(folder, tarball))
  } finally {
    await rm(folder, { recursive: true })
  }
}
