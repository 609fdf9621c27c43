import type { Config } from '../config/index.ts'
import type { StoreRole } from '../store/index.ts'

/**
 * What a trace worker is given: what to open the store from. The configuration itself and not its
 * file, which may have been changed to something that this process did not take over.
 */
export interface TraceWorkerInput {
  readonly config: Config
  readonly env: Readonly<Record<string, string | undefined>>
  readonly role: StoreRole
}

/** What a trace worker is asked for. Traces come as JSON: cheaper to hand over than objects. */
export type TraceOrder =
  | { readonly kind: 'append'; readonly traces: string; readonly keep: number }
  | { readonly kind: 'end' }

/** What became of a batch. Nothing is told of it but the code: the next attempt meets it again. */
export type TraceReport =
  { readonly kind: 'appended' } | { readonly kind: 'failed'; readonly code: string }
