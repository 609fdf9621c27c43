import type { EvergrantError } from '../kernel/index.ts'

/** What a worker is told: which configuration to compose, and which run of which instance to drive. */
export interface ImportWorkerInput {
  readonly configPath: string
  readonly runId: string
  readonly instanceId: string
  /** For tests of a full disk. */
  readonly storePageLimit?: number
}

/** What a worker says when it could not record its end in the store. */
export interface WorkerFailure {
  readonly code: EvergrantError['code']
  readonly detail: string
  readonly remedy: string
}

/** What a worker says: that its modules are loaded, or what it could not record. */
export type WorkerMessage = 'ready' | WorkerFailure

/** What a worker is told: a run to drive, once, and to end at once. */
export type WorkerOrder = { readonly drive: ImportWorkerInput } | 'end'
