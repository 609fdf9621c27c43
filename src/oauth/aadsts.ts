/** Who can make an Entra refusal go away. */
export type AadstsActor = 'operator' | 'tenant_admin' | 'user' | 'nobody'

/** What Evergrant knows of a group of AADSTS codes. */
export interface AadstsHint {
  readonly codes: readonly number[]
  /** What happened, in a few words. */
  readonly meaning: string
  readonly actor: AadstsActor
  /** What to do about it. */
  readonly remedy: string
  /**
   * Whether asking again can help: `never` until something changes on our side, `probe` slowly
   * because an administrator may mend it without telling us, `after_change` only right after a new
   * credential was put in place (replication), `backoff` soon, `throttle` after a minute.
   */
  readonly retry: 'never' | 'probe' | 'after_change' | 'backoff' | 'throttle'
}

/**
 * Entra ID's error numbers as remedies. Microsoft reserves the right to change them and does, so
 * they choose words and pace; the outcome itself comes from status, `error`, `suberror` and
 * `claims`. Transient numbers are the one exception: they arrive under ordinary 4xx errors.
 *
 * @see https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes
 */
export const aadstsHints: readonly AadstsHint[] = [
  {
    codes: [7000222],
    meaning: 'every client secret that was presented has expired',
    actor: 'operator',
    remedy:
      'Make a new client secret in the Entra admin center (App registrations → Certificates & secrets) and put its value where the connection reads it.',
    retry: 'never',
  },
  {
    codes: [7000215, 70002],
    meaning: 'the client secret is wrong',
    actor: 'operator',
    remedy:
      'Put the secret’s value in place, not its “Secret ID”. A secret made within the last minute may need a moment to work.',
    retry: 'after_change',
  },
  {
    codes: [7000218, 900144, 90014, 9002313],
    meaning: 'a parameter of the token request is missing or malformed',
    actor: 'operator',
    remedy: 'See that the connection has a client id, a credential and a resource or scope.',
    retry: 'never',
  },
  {
    codes: [700025],
    meaning: 'the application is registered as a public client',
    actor: 'operator',
    remedy:
      'Register the application as a confidential client (platform “Web”), without public client flows.',
    retry: 'never',
  },
  {
    codes: [700027, 7000274],
    meaning: 'the certificate is not registered with the application',
    actor: 'operator',
    remedy: 'Upload the public certificate to the app registration.',
    retry: 'after_change',
  },
  {
    codes: [700024],
    meaning: 'the client assertion is outside its time range',
    actor: 'operator',
    remedy: 'Set this machine’s clock.',
    retry: 'probe',
  },
  {
    codes: [1000502, 7000214, 7000277],
    meaning: 'the client certificate has expired or was revoked',
    actor: 'operator',
    remedy: 'Make a new certificate, upload it to the app registration and put it in place here.',
    retry: 'never',
  },
  {
    codes: [50027],
    meaning: 'the client assertion is malformed',
    actor: 'operator',
    remedy: 'See that the assertion is a signed JWT whose `aud` is a single string.',
    retry: 'never',
  },
  {
    codes: [70021, 700211, 700212, 700213],
    meaning: 'no federated credential fits the assertion',
    actor: 'operator',
    remedy:
      'Make issuer, subject and audience of the federated credential equal to the assertion’s; a new one needs some minutes.',
    retry: 'after_change',
  },
  {
    codes: [700229],
    meaning: 'the federated assertion is a user’s token',
    actor: 'operator',
    remedy: 'Have the outside identity provider issue a token of the workload itself.',
    retry: 'never',
  },
  {
    codes: [700016],
    meaning: 'the application is not known in this tenant',
    actor: 'tenant_admin',
    remedy:
      'Check `client.id` and `tenant`. If both are right, an administrator of the tenant must consent to the application first.',
    retry: 'probe',
  },
  {
    codes: [70001, 7000112],
    meaning: 'the application is disabled or may not do this',
    actor: 'tenant_admin',
    remedy: 'An administrator must enable the application (Enterprise applications → Properties).',
    retry: 'probe',
  },
  {
    codes: [90002, 50059, 50128],
    meaning: 'the tenant was not found',
    actor: 'operator',
    remedy: 'Correct `tenant` of the provider, and its `cloud` if the tenant lives in another one.',
    retry: 'never',
  },
  {
    codes: [9001023, 50194, 90124],
    meaning: 'this needs the endpoint of one tenant',
    actor: 'operator',
    remedy: 'Set `tenant` to the tenant’s id or domain instead of `common` or `organizations`.',
    retry: 'never',
  },
  {
    codes: [90038, 900382, 900432],
    meaning: 'the tenant lives in another cloud',
    actor: 'operator',
    remedy: 'Set `cloud` of the provider to the tenant’s cloud.',
    retry: 'never',
  },
  {
    codes: [500011, 50001, 650057],
    meaning: 'the resource is not known in this tenant',
    actor: 'operator',
    remedy:
      'Correct `resource`; if it is right, the API’s own application must be added to the tenant.',
    retry: 'probe',
  },
  {
    codes: [70011, 28002, 700022, 700023, 1002012],
    meaning: 'the scope is not valid here',
    actor: 'operator',
    remedy: 'Ask for one resource with `/.default`, such as https://graph.microsoft.com/.default.',
    retry: 'never',
  },
  {
    codes: [65001, 90094, 90095, 650056],
    meaning: 'consent is missing or was withdrawn',
    actor: 'tenant_admin',
    remedy: 'An administrator of the tenant must grant consent to the application.',
    retry: 'probe',
  },
  {
    codes: [50076, 50079, 50074, 50072, 50078],
    meaning: 'multi-factor authentication is wanted',
    actor: 'user',
    remedy: 'The person must sign in again with multi-factor authentication.',
    retry: 'never',
  },
  {
    codes: [53003, 530032],
    meaning: 'a Conditional Access policy blocks this',
    actor: 'tenant_admin',
    remedy:
      'An administrator must let this application, or the network address it calls from, through the Conditional Access policy.',
    retry: 'probe',
  },
  {
    codes: [53000, 53001, 50097, 50129],
    meaning: 'the device does not satisfy the tenant’s policy',
    actor: 'tenant_admin',
    remedy: 'Make the device compliant, or exempt this application from the device policy.',
    retry: 'never',
  },
  {
    codes: [700082, 70008],
    meaning: 'the refresh token has expired or was idle for too long',
    actor: 'user',
    remedy: 'Obtain consent again.',
    retry: 'never',
  },
  {
    codes: [700084],
    meaning: 'a single-page-app refresh token is over after 24 hours',
    actor: 'operator',
    remedy: 'Register the redirect URI under the platform “Web”, then obtain consent again.',
    retry: 'never',
  },
  {
    codes: [50173, 50132, 50133],
    meaning: 'the sessions were revoked',
    actor: 'user',
    remedy: 'Obtain consent again.',
    retry: 'never',
  },
  {
    codes: [70043],
    meaning: 'the sign-in frequency policy ended the session',
    actor: 'user',
    remedy:
      'Obtain consent again; exempt the account from the sign-in frequency policy to keep it.',
    retry: 'never',
  },
  {
    codes: [70000],
    meaning: 'the grant is invalid',
    actor: 'user',
    remedy: 'Obtain consent again.',
    retry: 'never',
  },
  {
    codes: [50057, 50034, 50020, 50105],
    meaning: 'the account is disabled, unknown or not assigned to the application',
    actor: 'tenant_admin',
    remedy: 'An administrator must enable the account and assign it to the application.',
    retry: 'probe',
  },
  {
    codes: [50055, 50144, 50053],
    meaning: 'the account’s password has expired or the account is locked',
    actor: 'user',
    remedy: 'The person must renew the password or wait until the account is unlocked.',
    retry: 'probe',
  },
  {
    codes: [50013, 500133],
    meaning: 'the assertion of the caller has expired',
    actor: 'operator',
    remedy: 'Send a fresh token of the user.',
    retry: 'never',
  },
  {
    codes: [54005, 501481],
    meaning: 'the authorization code was used before or its verifier does not fit',
    actor: 'user',
    remedy: 'Start the sign-in again.',
    retry: 'never',
  },
  {
    codes: [65004],
    meaning: 'consent was declined',
    actor: 'user',
    remedy: 'Start the sign-in again, and accept what the application asks for.',
    retry: 'never',
  },
  {
    codes: [50011],
    meaning: 'the redirect URI is not registered with the application',
    actor: 'operator',
    remedy:
      'Add the redirect URI, exactly as it was shown, to the app registration under the platform “Web”.',
    retry: 'never',
  },
  {
    codes: [700005],
    meaning: 'the authorization code belongs to another tenant’s endpoint',
    actor: 'user',
    remedy: 'Start the sign-in again.',
    retry: 'never',
  },
  {
    codes: [50196],
    meaning: 'Entra sees the same request in a loop',
    actor: 'nobody',
    remedy:
      'Evergrant waits a minute. Look for another program that uses the same client in a loop.',
    retry: 'throttle',
  },
  {
    codes: [90055],
    meaning: 'Entra throttles this client',
    actor: 'nobody',
    remedy: 'Nothing to do: Evergrant waits, then tries again.',
    retry: 'throttle',
  },
  {
    codes: [50000, 50033, 90006, 90012, 90024, 90033, 90090],
    meaning: 'Entra has a passing fault',
    actor: 'nobody',
    remedy: 'Nothing to do: Evergrant tries again. See the Entra status page if it lasts.',
    retry: 'backoff',
  },
]

const hintsByCode: ReadonlyMap<number, AadstsHint> = new Map(
  aadstsHints.flatMap((hint) => hint.codes.map((code) => [code, hint] as const)),
)

/** Returns what is known of the first listed code that is known at all. */
export function findAadstsHint(codes: readonly number[]): AadstsHint | undefined {
  for (const code of codes) {
    const hint = hintsByCode.get(code)
    if (hint !== undefined) return hint
  }
  return undefined
}
