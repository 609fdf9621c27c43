export type { RejectionHeaders, RejectionReport, RejectionVerdict } from './classify-rejection.ts'
export type {
  ConnectionHandle,
  GetTokenOptions,
  Rejection,
  TokenGrant,
} from './connection-handle.ts'
export type { ClientCredential, ConnectionDefinition, RefreshPolicy } from './connection.ts'
export { createGrantEngine } from './engine.ts'
export type { GrantEngine, GrantEngineOptions } from './engine.ts'
export { grantEventTypes } from './events.ts'
export type { GrantEvent, RenewalReason } from './events.ts'
export { nearestName } from './nearest-name.ts'
export type {
  GrantFailure,
  GrantKey,
  GrantQuery,
  GrantRecord,
  GrantState,
  GrantStore,
  TokenSlotKey,
  TokenSlotRecord,
} from './ports.ts'
export type { ConnectionState, ConnectionStatus } from './status.ts'
