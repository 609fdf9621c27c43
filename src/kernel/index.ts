export { entraUserInfoClaims, shortClaimName } from './claim-names.ts'
export { createManualClock, systemClock } from './clock.ts'
export type { Clock, ManualClock } from './clock.ts'
export { formatDuration, parseDuration } from './durations.ts'
export { EvergrantError, isEvergrantError } from './errors/evergrant-error.ts'
export type {
  ChallengeFacts,
  EvergrantErrorOptions,
  Problem,
  UpstreamEvidence,
} from './errors/evergrant-error.ts'
export type { ErrorDefinition } from './errors/definition.ts'
export { errorDefinition, errorRegistry, errorTables, isErrorCode } from './errors/registry.ts'
export type { ErrorCode } from './errors/registry.ts'
export { createEventBus } from './events.ts'
export type { Emit, EventBus, EvergrantEvent } from './events.ts'
export { newId, systemRandom } from './ids.ts'
export type { RandomBytes } from './ids.ts'
export { maskOwnSecrets } from './mask-own-secrets.ts'
export { isCertainlyGone, ownerOf } from './process-owner.ts'
export type { ProcessIdentity, ProcessOwner } from './process-owner.ts'
export { redact } from './redact.ts'
export {
  causeOf,
  findEntraRemedy,
  findRemedy,
  guidanceOf,
  remedyCatalogue,
} from './remedies/catalogue.ts'
export type { CatalogueEntry, GuidanceQuestion } from './remedies/catalogue.ts'
export { entraRemedies } from './remedies/entra.ts'
export { remedyActorNames, remedyActors } from './remedies/remedy.ts'
export type { Guidance, NumberedRemedy, RemedyActor } from './remedies/remedy.ts'
export { err, ok } from './result.ts'
export type { Result } from './result.ts'
export { Secret } from './secret.ts'
export { authorizationHeader, remainingLifeMs, wholeLifeMs } from './tokens.ts'
export type { AccessToken } from './tokens.ts'
