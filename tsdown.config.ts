import { defineConfig } from 'tsdown'

/**
 * Builds the published package. Every source file becomes one file of the same place and name
 * (`unbundle`), so that what a file finds beside itself at runtime, such as a worker's entry or
 * `../../package.json`, is found from `src/` and from `dist/` alike:
 *
 *     new Worker(new URL(`./import-worker${extname(import.meta.url)}`, import.meta.url))
 */
export default defineConfig({
  entry: {
    index: 'src/index.ts',
    bearer: 'src/bearer.ts',
    'client/index': 'src/client/index.ts',
    'simulator/index': 'src/simulator/index.ts',
    'cli/main': 'src/cli/main.ts',
    'server/import-worker': 'src/server/import-worker.ts',
    'server/lookup-worker': 'src/server/lookup-worker.ts',
    'server/sweep-worker': 'src/server/sweep-worker.ts',
    'server/trace-worker': 'src/server/trace-worker.ts',
  },
  root: 'src',
  unbundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  fixedExtension: false,
  deps: { skipNodeModulesBundle: true },
  dts: true,
  clean: true,
  report: false,
  failOnWarn: true,
})
