import type { CliIo } from './io.ts'

/** What a command sees of its surroundings. */
export interface CliContext {
  readonly io: CliIo
  /** Sets what the process exits with; the last call wins. */
  exitWith(code: number): void
}
