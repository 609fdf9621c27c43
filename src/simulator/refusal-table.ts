/** Refusals of Entra by number, as far as they need no facts of the request. */
export const refusalTable: Readonly<
  Record<number, readonly [status: number, error: string, message: string, suberror?: string]>
> = {
  50000: [500, 'server_error', 'There was an error issuing a token.'],
  50011: [
    400,
    'invalid_request',
    'The redirect URI specified in the request does not match the redirect URIs configured for the application.',
  ],
  50020: [
    400,
    'invalid_grant',
    'The user account from the identity provider does not exist in the tenant and cannot access the application in that tenant. The account needs to be added as an external user in the tenant first.',
  ],
  50033: unavailable(),
  50034: [400, 'invalid_grant', 'The user account does not exist in the directory.'],
  50053: [
    400,
    'invalid_grant',
    'The account is locked because the user tried to sign in too many times with an incorrect user ID or password.',
  ],
  50055: [400, 'invalid_grant', 'The password is expired.', 'user_password_expired'],
  50058: [400, 'login_required', 'Silent sign-in was requested, but nobody is signed in.'],
  50072: [
    400,
    'interaction_required',
    'The user must enrol in multi-factor authentication, as the administrator changed the configuration.',
    'basic_action',
  ],
  50074: [400, 'interaction_required', 'Strong authentication is required.', 'basic_action'],
  50076: [400, 'invalid_grant', 'You must use multi-factor authentication.', 'basic_action'],
  50078: [
    400,
    'interaction_required',
    'Presented multi-factor authentication has expired by policies of the administrator, it must be refreshed.',
    'basic_action',
  ],
  50079: [
    400,
    'interaction_required',
    'You must enrol in multi-factor authentication.',
    'basic_action',
  ],
  50105: [
    400,
    'invalid_grant',
    'The signed in user is not assigned to a role for the application.',
  ],
  50126: [
    400,
    'invalid_grant',
    'Error validating credentials due to invalid username or password.',
  ],
  50173: [400, 'invalid_grant', 'The provided grant has expired due to it being revoked.'],
  50177: [
    400,
    'invalid_grant',
    'The user account from the identity provider does not exist in the tenant. The account must be added to the tenant as an external user first.',
  ],
  50196: [
    400,
    'invalid_grant',
    'The server terminated an operation because it met a client request loop.',
  ],
  500011: [400, 'invalid_resource', 'The resource principal was not found in the tenant.'],
  500121: [400, 'invalid_grant', 'Authentication failed during strong authentication request.'],
  53000: [
    400,
    'interaction_required',
    'The device is not in the required state.',
    'additional_action',
  ],
  530032: [400, 'invalid_grant', 'Blocked by the security policy of the tenant.', 'message_only'],
  530035: [400, 'invalid_grant', 'Access has been blocked by security defaults.', 'message_only'],
  650051: [
    400,
    'invalid_request',
    'The service principal of the application is just being created, or exists already.',
  ],
  650052: [
    400,
    'invalid_client',
    'The application needs access to a service that the organization has not subscribed to or enabled.',
  ],
  650057: [
    400,
    'invalid_resource',
    'The client asked for a resource that is not among the requested permissions of its registration.',
  ],
  65001: [400, 'invalid_grant', 'The user or administrator has not consented.', 'consent_required'],
  65004: [400, 'access_denied', 'The user declined to consent to access the app.'],
  70001: [400, 'unauthorized_client', 'The application is disabled.'],
  70008: [
    400,
    'invalid_grant',
    'The provided authorization code or refresh token has expired due to inactivity.',
    'bad_token',
  ],
  70011: [
    400,
    'invalid_scope',
    'The provided request must include a scope parameter that is valid.',
  ],
  70043: [
    400,
    'invalid_grant',
    'The refresh token has expired by sign-in frequency.',
    'token_expired',
  ],
  700003: [
    400,
    'invalid_grant',
    'The device object was not found in the tenant directory.',
    'device_authentication_failed',
  ],
  700005: [
    400,
    'invalid_grant',
    'The provided authorization code is intended to be used against another tenant.',
  ],
  700011: [400, 'unauthorized_client', 'The application was not found in the directory.'],
  700016: [400, 'unauthorized_client', 'The application was not found in the directory.'],
  700022: [400, 'invalid_request', 'The request names scopes of more than one resource.'],
  700027: [401, 'invalid_client', 'The client assertion failed signature validation.'],
  700082: [400, 'invalid_grant', 'The refresh token has expired due to inactivity.', 'bad_token'],
  7000112: [400, 'unauthorized_client', 'The application is disabled.'],
  7000215: [401, 'invalid_client', 'Invalid client secret provided.'],
  7000222: [401, 'invalid_client', 'The provided client secret keys are expired.'],
  90002: [400, 'invalid_request', 'The tenant was not found.'],
  90006: unavailable(),
  90024: unavailable(),
  90033: unavailable(),
  90055: [429, 'temporarily_unavailable', 'Too many requests. Try again later.'],
  90094: [
    400,
    'invalid_grant',
    'The grant requires the permission of an administrator.',
    'consent_required',
  ],
  90095: [400, 'invalid_grant', 'An admin consent request is required.', 'consent_required'],
  90099: [
    400,
    'invalid_grant',
    'The application has not been authorized in the tenant. Applications must be authorized to access the customer tenant before partner delegated administrators can use them.',
  ],
  900144: [400, 'invalid_request', 'The request body lacks a parameter that is required.'],
  901002: [400, 'invalid_request', "The parameter 'resource' is not supported."],
}

function unavailable(): readonly [status: number, error: string, message: string] {
  return [503, 'temporarily_unavailable', 'A transient error has occurred. Please try again.']
}
