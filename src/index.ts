/**
 * The library door of Evergrant.
 *
 * @module evergrant
 */
export { createEvergrant, noteOf } from './server/index.ts'
export type {
  AnswerNote,
  AzureAccessToken,
  Evergrant,
  EvergrantConnection,
  EvergrantOptions,
  GetTokenAzureOptions,
} from './server/index.ts'
export { EvergrantError, isEvergrantError } from './kernel/index.ts'
export type { ErrorCode, EvergrantErrorOptions, Problem, UpstreamEvidence } from './kernel/index.ts'
