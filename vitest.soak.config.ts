import { defineConfig } from 'vitest/config'

/** `npm run soak`: the long proofs, one after the other, too slow for every change. */
export default defineConfig({
  test: {
    name: 'soak',
    include: ['test/soak/**/*.test.ts'],
    setupFiles: ['tools/leak-guard.ts'],
    globalSetup: ['test/support/postgres-setup.ts'],
    pool: 'forks',
    fileParallelism: false,
    retry: 0,
    testTimeout: 3_600_000,
    hookTimeout: 60_000,
  },
})
