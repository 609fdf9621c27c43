import type { RejectionRule } from './settings.ts'

/** A pack of rules for APIs that tell an expired token in their own way. */
export interface RejectionPreset {
  /** What it is for. */
  readonly api: string
  /** What its answers look like, what else was considered and why it is not in. */
  readonly about: string
  readonly rules: readonly RejectionRule[]
}
