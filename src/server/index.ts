export { compose } from './compose.ts'
export type { AnyEvent, ComposeOptions, Composition, ImportSource } from './compose.ts'
export { startImport } from './start-import.ts'
export type { RunningImport } from './start-import.ts'
