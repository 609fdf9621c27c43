export { authorizationUrl } from './authorization-request.ts'
export type { AuthorizationRequest } from './authorization-request.ts'
export { readAuthorizationError } from './authorization-error.ts'
export type { AuthorizationError } from './authorization-error.ts'
export { certificateAssertion } from './certificate-assertion.ts'
export { readClientCertificate } from './client-certificate.ts'
export type {
  AssertionAlgorithm,
  CertificateAssertionOptions,
  CertificateAuthentication,
} from './certificate-assertion.ts'
export { adminConsentUrl, moreConsentUrl } from './consent-urls.ts'
export { decodeClaims } from './claims.ts'
export { clientSecretBasic, clientSecretPost, noAuthentication } from './client-authentication.ts'
export type { ClientAuthentication, ClientAuthenticationMethod } from './client-authentication.ts'
export { describeTransportError } from './describe-transport-error.ts'
export type { ProviderClient } from './endpoint-call.ts'
export { createEntraProvider } from './entra.ts'
export type { EntraCloud, EntraOptions } from './entra.ts'
export { federatedAssertion } from './federated-assertion.ts'
export { fingerprintCredentials } from './fingerprint.ts'
export type { CredentialMark } from './fingerprint.ts'
export { introspectToken } from './introspect-token.ts'
export type { Introspection } from './introspect-token.ts'
export { createOAuth2Provider } from './oauth2.ts'
export type { OAuth2Options } from './oauth2.ts'
export {
  obtainApplicationToken,
  redeemAuthorizationCode,
  redeemRefreshToken,
} from './obtain-token.ts'
export type {
  ApplicationTokenRequest,
  AuthorizationCodeRedemption,
  RefreshTokenRedemption,
} from './obtain-token.ts'
export { createOidcProvider } from './oidc.ts'
export type { OidcOptions } from './oidc.ts'
export { canonicalTarget } from './provider.ts'
export type { ProviderProfile, RotationOptions, TokenTarget, WireGrant } from './provider.ts'
export { longestRetryAfterMs, readRetryAfter } from './retry-after.ts'
export { revokeToken } from './revoke-token.ts'
export type { Revocation, TokenOperation, TokenTypeHint } from './revoke-token.ts'
export type { TokenAnswer, TokenSubject } from './token-answer.ts'
export type { RetryClass, TokenFailure, TokenFailureKind } from './token-failure.ts'
export { underDeadline } from './transport.ts'
export type { Transport } from './transport.ts'
export { readAnswer } from './wire-answer.ts'
export type { WireAnswer } from './wire-answer.ts'
export { parseChallenges } from './www-authenticate.ts'
export type { Challenge } from './www-authenticate.ts'
export { fetchKeySet } from './fetch-keys.ts'
export type { KeyFailure } from './fetch-keys.ts'
export { createKeyCache } from './key-cache.ts'
export type { KeyCache, KeyCacheOptions, KeyHealth, KeySearch } from './key-cache.ts'
export { readKeySet } from './key-set.ts'
export type { KeySet, SkippedKey, VerificationKey } from './key-set.ts'
export { algorithmNames, algorithmOf, verifySignature } from './signature-algorithms.ts'
export type { SignatureAlgorithm } from './signature-algorithms.ts'
export { entraIssuers, entraUserInfoUrl } from './entra-issuers.ts'
export type { EntraIssuer } from './entra-issuers.ts'
export { askUserInfo } from './userinfo.ts'
export type { UserInfo, UserInfoFailure } from './userinfo.ts'
