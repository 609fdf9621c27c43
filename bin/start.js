import { existsSync } from 'node:fs'

// A checkout runs its sources; the published package has only `dist`.
const source = new URL('../src/cli/main.ts', import.meta.url)
const built = new URL('../dist/cli/main.js', import.meta.url)
await import(existsSync(source) ? source.href : built.href)
