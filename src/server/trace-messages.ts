import type { StoreRole } from '../store/index.ts'

/** What a trace worker is given: what to open the store from. */
export interface TraceWorkerInput {
  readonly configPath: string
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
