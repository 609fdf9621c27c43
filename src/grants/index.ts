export { customerProof } from './adopt-refresh-token.ts'
export type {
  Adoption,
  CustomerSample,
  Proof,
  TrialOptions,
  TrialProgress,
} from './adopt-refresh-token.ts'
export { classifyRejection } from './classify-rejection.ts'
export type { RejectionHeaders, RejectionReport, RejectionVerdict } from './classify-rejection.ts'
export type {
  ConnectionHandle,
  GetTokenOptions,
  Rejection,
  TokenGrant,
} from './connection-handle.ts'
export type {
  ClientCredential,
  ConnectionDefinition,
  CustomerTrial,
  GrantType,
  RefreshPolicy,
} from './connection.ts'
export { authenticateOnce } from './credentials.ts'
export { createGrantEngine } from './engine.ts'
export type { GrantEngine, GrantEngineOptions, TargetOptions } from './engine.ts'
export { grantEventTypes } from './events.ts'
export type { DropReason, GrantEvent, RenewalReason } from './events.ts'
export type {
  ConnectionPause,
  ConnectionStore,
  ExchangeClaim,
  ExchangeCommit,
  ExchangeFailure,
  ExchangeStart,
  ExchangeSuccess,
  Flight,
  GrantAddress,
  GrantFailure,
  GrantKey,
  GrantQuery,
  GrantRecord,
  GrantStanding,
  GrantState,
  GrantStore,
  RefreshIntent,
  RefreshTokenFacts,
  RenewalView,
  SharedFailure,
  StoredConnection,
  TokenSlotKey,
  TokenSlotRecord,
} from './ports.ts'
export { requireOwnGrant } from './grant-address.ts'
export { unknownConnection } from './registry.ts'
export type { TargetChoice } from './registry.ts'
export type { GrantRevocation } from './revoke-grant.ts'
export type { Ruling } from './ruling-budget.ts'
export type { DueReport, RunDueOptions } from './run-due.ts'
export type {
  ConnectionState,
  ConnectionStatus,
  CredentialStatus,
  RefreshTokenStatus,
} from './status.ts'
