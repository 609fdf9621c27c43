import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * Files that take longest, mostly by waiting for real clocks and for processes. In a fresh checkout
 * the runner knows of no durations; begun last, each would leave a core idle for its whole length.
 */
const longest: readonly string[] = [
  'test/flows/import-guide.test.ts',
  'test/flows/readme.test.ts',
  'test/flows/import-kill.test.ts',
  'test/flows/killed-services.test.ts',
  'test/flows/bearer-guide.test.ts',
  'test/flows/consent-guide.test.ts',
  'test/flows/accounts-guide.test.ts',
  'test/flows/gateway-guide.test.ts',
]

const root = join(import.meta.dirname, '../..')

/**
 * Begins with the longest files; the others follow, project by project. Fails when one of the
 * longest is there no more, so that it does not go on under another name at the end.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const missing = longest.filter((path) => !existsSync(join(root, path)))
    if (missing.length > 0)
      throw new Error(`files to begin with are missing: ${missing.join(', ')}`)
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = longest.findIndex((path) => moduleId.endsWith(`/${path}`))
      return at === -1 ? longest.length : at
    }
    // oxlint-disable-next-line unicorn/no-array-sort -- it is no array that sorts here
    const byProject = await super.sort(files)
    return byProject.toSorted((a, b) => rank(a) - rank(b))
  }
}
