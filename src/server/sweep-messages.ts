import type { ErrorCode } from '../kernel/index.ts'
import type { StoreRole } from '../store/index.ts'
import type { AnyEvent } from './compose.ts'

/** What a sweep worker is given: what to compose itself from. */
export interface SweepOrder {
  readonly configPath: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly role: StoreRole
}

/** What a sweep worker says: what happens to grants, or why it could not work at all. */
export type SweepMessage =
  | { readonly kind: 'event'; readonly event: AnyEvent }
  | {
      readonly kind: 'failure'
      readonly code: ErrorCode
      readonly detail: string
      readonly remedy: string
    }
