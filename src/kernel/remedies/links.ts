const entra = 'https://learn.microsoft.com/en-us/entra'
const partner = 'https://learn.microsoft.com/en-us/partner-center/developer'

/** Pages of Microsoft’s that remedies point to. */
export const links = {
  errorCodes: `${entra}/identity-platform/reference-error-codes`,
  credentials: `${entra}/identity-platform/how-to-add-credentials`,
  redirectUri: `${entra}/identity-platform/how-to-add-redirect-uri`,
  certificates: `${entra}/identity-platform/certificate-credentials`,
  refreshTokens: `${entra}/identity-platform/refresh-tokens`,
  scopes: `${entra}/identity-platform/scopes-oidc`,
  nationalClouds: `${entra}/identity-platform/authentication-national-cloud`,
  federation: `${entra}/workload-id/workload-identity-federation-create-trust`,
  adminConsent: `${entra}/identity/enterprise-apps/grant-admin-consent`,
  applicationProperties: `${entra}/identity/enterprise-apps/application-properties`,
  servicePrincipal: `${entra}/identity/enterprise-apps/create-service-principal-cross-tenant`,
  assignment: `${entra}/identity/enterprise-apps/assign-user-or-group-access-portal`,
  mfaMethods: `${entra}/identity/authentication/howto-mfa-userdevicesettings`,
  mfaPolicy: `${entra}/identity/conditional-access/policy-all-users-mfa-strength`,
  excludedUsers: `${entra}/identity/conditional-access/concept-conditional-access-users-groups`,
  signInFrequency: `${entra}/identity/conditional-access/concept-session-lifetime`,
  deviceCompliance: `${entra}/identity/conditional-access/policy-all-users-device-compliance`,
  securityDefaults: `${entra}/fundamentals/security-defaults`,
  smartLockout: `${entra}/identity/authentication/howto-password-smart-lockout`,
  revokeAccess: `${entra}/identity/users/users-revoke-access`,
  partnerAuthentication: `${partner}/partner-center-authentication`,
  secureAppModel: `${partner}/enable-secure-app-model`,
  vendorApis: `${partner}/control-panel-vendor-apis`,
  gdap: `${partner}/gdap-and-secure-application-model`,
} as const
