export { acceptIssuers } from './accepted-issuers.ts'
export type {
  AcceptedIssuer,
  AcceptedIssuerOptions,
  AcceptedIssuers,
  IssuerSettings,
} from './accepted-issuers.ts'
export { checkAccount } from './account-state.ts'
export { identityEventTypes } from './events.ts'
export type { IdentityEvent } from './events.ts'
export { explainToken } from './explain-token.ts'
export { explainUnverified } from './explain-unverified.ts'
export { holds } from './explanation.ts'
export type { Explanation } from './explanation.ts'
export type { Identified, Identifier, Identity, IdentityRefusal } from './identity.ts'
export { errorOf } from './refusal.ts'
export type { Refusal, Stage } from './refusal.ts'
export { createTokenVerifier } from './verify-token.ts'
export type { TokenVerifier, TokenVerifierOptions, Verdict, VerifiedToken } from './verify-token.ts'
export { createIdentifier } from './identify.ts'
export type { IdentifierOptions } from './identify.ts'
export { guardSource } from './guard-source.ts'
export type { AskedClaims, AskedGroups, GroupsOf, IssuerPolicy } from './issuer-policy.ts'
export { ClaimBag } from './claim-bag.ts'
export { matchAccount } from './match-account.ts'
export type { MatchRule } from './match-account.ts'
export { readSignedClaims } from './read-signed-claims.ts'
