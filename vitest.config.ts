import { defineConfig } from 'vitest/config'
import { compileCache } from './test/support/compile-cache.ts'
import { LongestFirst } from './test/support/longest-first.ts'
import { temporaryFolder } from './test/support/temporary-folder.ts'

/**
 * Unit tests stand beside the code, the benchmark's too; `conformance`, `contract`, `flows`,
 * `browser` and `architecture` below `test/`.
 */
export default defineConfig({
  test: {
    // The flows mostly wait for other processes: three at a time keep two cores busy.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    globalSetup: ['test/support/temporary-folder.ts'],
    projects: [
      project('unit', 'src/**/*.test.ts'),
      project('bench', 'bench/**/*.test.ts'),
      project('conformance', 'test/conformance/**/*.test.ts'),
      project('contract', 'test/contract/**/*.test.ts'),
      project('flows', 'test/flows/**/*.test.ts'),
      project('browser', 'test/browser/**/*.test.ts', {
        globalSetup: [
          'test/support/postgres-setup.ts',
          'test/support/chromium-setup.ts',
          'test/support/console-setup.ts',
        ],
        testTimeout: 60_000,
        hookTimeout: 60_000,
      }),
      project('architecture', 'test/architecture/**/*.test.ts'),
    ],
  },
})

function project(name: string, files: string, options: object = {}): object {
  return {
    test: {
      name,
      include: [files],
      setupFiles: ['tools/leak-guard.ts'],
      globalSetup: ['test/support/postgres-setup.ts'],
      pool: 'forks',
      // The files of a project share a process each worker: what they import is loaded once.
      isolate: false,
      env: { ...compileCache, TMPDIR: temporaryFolder },
      retry: 0,
      testTimeout: 30_000,
      hookTimeout: 30_000,
      teardownTimeout: 10_000,
      ...options,
    },
  }
}
