export { addressOf } from './arrive.ts'
export type { Arrival } from './arrive.ts'
export { newBrowserSecret, requireSignIn } from './begin-consent.ts'
export type { ConsentInvitation } from './begin-consent.ts'
export type { ConsentCompletion } from './complete-consent.ts'
export { createConsentDesk } from './consent-desk.ts'
export type { ConsentDesk } from './consent-desk.ts'
export { createCustomerDesk } from './customer-desk.ts'
export type {
  ConsentAction,
  CustomerDesk,
  CustomerOutcome,
  CustomerStanding,
} from './customer-desk.ts'
export { isPartnerCenter, signInTargets } from './context.ts'
export { comparePermissions } from './permissions.ts'
export type { TargetPermissions } from './permissions.ts'
export { consentEventTypes } from './events.ts'
export type { ConsentEvent } from './events.ts'
export { linkLifeMs } from './link-desk.ts'
export type { ConsentLink, LinkStore } from './link-ports.ts'
export { linkStateOf } from './link-state.ts'
export type { LinkState } from './link-state.ts'
export type {
  ConsentFailure,
  ConsentRung,
  ConsentSession,
  ConsentState,
  ConsentStore,
} from './ports.ts'
export { apiTitle, rungTitle } from './rung-title.ts'
