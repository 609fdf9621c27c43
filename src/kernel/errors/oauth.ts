import { defineErrors } from './definition.ts'

/** Errors of providers and tokens. */
export const oauthErrors = defineErrors({
  provider_unreachable: {
    status: 502,
    oauthError: 'temporarily_unavailable',
    retry: 'later',
    actor: 'operator',
    exit: 4,
    title: 'The provider could not be reached',
    remedy: 'Check the network, proxy and name resolution between here and the provider.',
    meaning:
      'No connection to the provider’s address came about: a name that does not resolve, a closed network, a proxy, or a certificate that is not trusted.',
    steps: [
      'See with `evergrant doctor` which step fails: name, connection, TLS or answer.',
      'Correct `network.proxy` and `network.ca`, or the firewall, as it says.',
      'Nothing else: Evergrant tries again by itself, and living tokens go on serving.',
    ],
  },
  provider_timeout: {
    status: 504,
    oauthError: 'temporarily_unavailable',
    retry: 'later',
    actor: 'evergrant',
    exit: 4,
    title: 'The provider did not answer in time',
    remedy:
      'Nothing to do if it passes: Evergrant tries again. Otherwise check the network and the provider’s status page.',
    meaning: 'The provider took the request and sent no answer within ten seconds.',
    steps: [
      'Wait: Evergrant tries again by itself.',
      'If it lasts, see with `evergrant doctor` whether the network is slow, and the provider’s status page.',
    ],
  },
  provider_unavailable: {
    status: 503,
    oauthError: 'temporarily_unavailable',
    retry: 'later',
    actor: 'evergrant',
    exit: 4,
    title: 'The provider is failing at the moment',
    remedy: 'Nothing to do: Evergrant tries again. See the provider’s status page if it lasts.',
    meaning:
      'The provider answered that it cannot serve now. Nothing of the connection is at fault; living tokens go on serving.',
  },
  provider_throttled: {
    status: 429,
    oauthError: 'temporarily_unavailable',
    retry: 'later',
    actor: 'evergrant',
    exit: 4,
    title: 'The provider is throttling token requests',
    remedy: 'Nothing to do: Evergrant waits as long as the provider asks, then tries again.',
    meaning:
      'The provider had too many requests and names a time to stay away, which every process keeps.',
  },
  provider_answer_invalid: {
    status: 502,
    oauthError: 'server_error',
    retry: 'later',
    actor: 'operator',
    exit: 4,
    title: 'The provider’s answer is not an OAuth answer',
    remedy:
      'See that the authority or issuer is right and no proxy or portal answers in the provider’s place.',
    meaning:
      'What answered at the token endpoint’s address did not answer as one: mostly a proxy, a sign-in portal, or a wrong authority.',
    steps: [
      'See the detail for what came in place of an answer.',
      'See with `evergrant doctor` which address the provider has, and correct `authority` or `issuer`.',
      'See that no proxy in between answers in the provider’s place.',
    ],
  },
  provider_misconfigured: {
    status: 502,
    oauthError: 'server_error',
    retry: 'never',
    actor: 'operator',
    exit: 3,
    title: 'The provider’s metadata does not match the configuration',
    remedy: 'Correct the tenant, authority or issuer of the provider.',
    meaning:
      'The provider’s own metadata names another issuer, or other addresses, than the configuration expects.',
    steps: [
      'Correct `tenant`, `authority` or `issuer` of the provider as the message says.',
      'See with `evergrant doctor` that it agrees.',
    ],
  },
  client_rejected: {
    status: 502,
    oauthError: 'invalid_client',
    retry: 'never',
    actor: 'operator',
    exit: 3,
    title: 'The provider refuses our client credentials',
    remedy: 'Put a valid credential of this client in place.',
    meaning:
      'The application itself was refused: its secret, certificate or assertion. No account and no policy is concerned, and every connection with this client stops.',
    steps: [
      'See in `evergrant connections show NAME` which credential was refused and whether its end has passed.',
      'Put a valid credential in place: in the file, or with `evergrant connections edit NAME --secret` for a connection of the store.',
      'Take a new token with `evergrant connections refresh NAME`.',
    ],
  },
  request_rejected: {
    status: 502,
    oauthError: 'invalid_request',
    retry: 'never',
    actor: 'operator',
    exit: 3,
    title: 'The provider refuses the token request',
    remedy: 'Correct the connection: tenant, client, resource or scope, as the message says.',
    meaning:
      'The provider read the request and does not serve it: tenant, client, resource or scope do not fit together.',
    steps: [
      'Read the provider’s own words in the message: they name the field.',
      'Correct the connection, and check it with `evergrant config check`.',
      'Take a new token with `evergrant connections refresh NAME`.',
    ],
  },
  grant_lapsed: {
    status: 502,
    oauthError: 'invalid_grant',
    retry: 'never',
    actor: 'operator',
    exit: 3,
    title: 'The grant has lapsed',
    remedy: 'Obtain consent again for this connection.',
    meaning:
      'The provider refuses the refresh token for good: revoked, idle for too long, or ended by a policy. The application and its secret are still good.',
    steps: [
      'See in `evergrant connections show NAME` what the provider said.',
      'Obtain consent again with `evergrant consent NAME`.',
      'See with `evergrant connections test NAME` that every API answers.',
    ],
  },
  consent_required: {
    status: 502,
    oauthError: 'consent_required',
    retry: 'never',
    actor: 'operator',
    exit: 3,
    title: 'Consent is missing or was withdrawn',
    remedy: 'An administrator of the tenant must grant the application its permissions.',
    meaning:
      'Nobody who may do so has consented to these permissions of the application in the tenant that was asked.',
    steps: [
      'Have an administrator of the tenant consent: Entra admin center → App registrations → the application → API permissions → Grant admin consent.',
      'Obtain consent again with `evergrant consent NAME` where the connection signs a person in.',
      'See with `evergrant connections test NAME` that it is enough.',
    ],
  },
  connection_paused: {
    status: 503,
    oauthError: 'temporarily_unavailable',
    retry: 'never',
    actor: 'operator',
    exit: 3,
    title: 'The connection is paused',
    remedy: 'An operator resumes it with `evergrant connections resume NAME`.',
    meaning:
      'Somebody paused the connection: it hands out no token until it is resumed. Nothing is revoked.',
    steps: [
      'See in `evergrant connections show NAME` who paused it and why.',
      'Resume it with `evergrant connections resume NAME` when that is over.',
    ],
  },
  customer_refused: {
    status: 502,
    oauthError: 'invalid_grant',
    retry: 'never',
    actor: 'operator',
    exit: 3,
    title: 'The tenant of a customer gives no token',
    remedy:
      'See what the message says of that customer: consent, the GDAP relationship, or a policy of its tenant. The grant serves the partner and other customers on.',
    meaning:
      'One customer’s tenant refused the partner’s account or application: its consent, its relationship with the partner, or its own policy. The grant serves the partner and other customers on.',
    steps: [
      'See in the message, and with `evergrant remedy CODE` for its number, what that tenant said.',
      'See that the account is in the security group of the relationship (GDAP), and that the relationship has not ended.',
      'Consent to the application for that customer (`evergrant connections customers NAME --customer CUSTOMER --grant`), or have its administrator exclude service provider users from the policy.',
    ],
  },
  interaction_required: {
    status: 502,
    oauthError: 'interaction_required',
    retry: 'never',
    actor: 'operator',
    exit: 3,
    title: 'The provider wants a person or a policy change first',
    remedy: 'Satisfy the policy that the message names, then refresh the connection.',
    meaning:
      'The provider gives no token before a person has done something (a second factor, a new password, terms of use) or an administrator has changed a policy.',
    steps: [
      'Read the provider’s own words in `evergrant connections show NAME`: they name the policy or the step.',
      'Obtain consent again with `evergrant consent NAME`, and do what the sign-in asks for.',
      'If it asks for nothing, have an administrator of the tenant see the failed sign-in under Sign-in logs → Conditional Access.',
    ],
  },
  token_life_too_short: {
    status: 503,
    retry: 'later',
    actor: 'caller',
    exit: 4,
    title: 'A just-issued token lives shorter than the caller asked for',
    remedy:
      'Ask for less remaining life, or raise the access token lifetime in the provider’s policy.',
    meaning: 'The caller asked for a token that lives longer than those the provider issues.',
  },
  token_wait_timeout: {
    status: 503,
    retry: 'later',
    actor: 'evergrant',
    exit: 4,
    title: 'No token came within the time the caller would wait',
    remedy: 'Try again; `evergrant connections show NAME` tells the state of the connection.',
    meaning:
      'The exchange went on for longer than this caller would wait; its outcome is kept for the next.',
  },
  engine_closed: {
    status: 503,
    retry: 'later',
    actor: 'evergrant',
    exit: 1,
    title: 'Evergrant is shutting down',
    remedy: 'Ask again once it has started.',
    meaning: 'This process is ending and takes nothing new.',
  },
  token_refused: {
    status: 502,
    retry: 'never',
    actor: 'operator',
    exit: 3,
    title: 'The API refuses even a fresh token',
    remedy:
      'See that the resource, the permissions and the tenant fit the API; a fresh token was refused as well.',
    meaning:
      'The API refuses a token that was issued a moment ago: it is for another API or tenant, or the account or application lacks a permission or role.',
    steps: [
      'See that `resource` and `tenant` of the connection are those of the API (`evergrant connections show NAME`).',
      'See that the application has the permissions, and the account the roles, that the API wants.',
      'See with `evergrant connections test NAME` which API refuses.',
    ],
  },
  consent_needed: {
    status: 503,
    oauthError: 'invalid_grant',
    retry: 'never',
    actor: 'operator',
    exit: 3,
    title: 'Nobody has consented to this connection yet',
    remedy:
      'Obtain consent with `evergrant consent NAME`, or take an existing refresh token over with `evergrant connections adopt NAME`.',
    meaning: 'The connection signs a person in, and nobody has done so yet.',
    steps: [
      'Obtain consent with `evergrant consent NAME`; the person signs in, accepts, and the new refresh token is tried.',
      'Or take over a refresh token that you have with `evergrant connections adopt NAME`.',
    ],
  },
  grant_revoked: {
    status: 502,
    oauthError: 'invalid_grant',
    retry: 'never',
    actor: 'operator',
    exit: 3,
    title: 'The grant was revoked here',
    remedy: 'Obtain consent again for this connection if it shall serve again.',
    meaning:
      'Somebody revoked the grant here (`evergrant connections revoke NAME`); its tokens were erased.',
    steps: [
      'Find out why it was revoked before you bring it back.',
      'Obtain consent again with `evergrant consent NAME`; a connection of an application alone comes back with `evergrant connections refresh NAME`.',
    ],
  },
  refresh_unknown: {
    status: 503,
    oauthError: 'temporarily_unavailable',
    retry: 'never',
    actor: 'operator',
    exit: 3,
    title: 'Nobody knows whether the refresh token was spent',
    remedy:
      'The provider may take a second use for theft, so Evergrant does not send the token again by itself. Run `evergrant connections refresh NAME --resend` to try it, or obtain consent again.',
    meaning:
      'A refresh token was sent and no answer came. A strict provider may take a second use for theft and end the grant, so Evergrant does not send it again by itself.',
    steps: [
      'If a token of the connection still lives, there is time: see `evergrant connections show NAME`.',
      'Send it once more with `evergrant connections refresh NAME --resend`, or obtain consent again with `evergrant consent NAME`.',
    ],
  },
  candidate_refused: {
    status: 502,
    oauthError: 'invalid_grant',
    retry: 'never',
    actor: 'operator',
    exit: 3,
    title: 'The new refresh token did not pass its trial',
    remedy:
      'Obtain another refresh token for the same client, with the account that is meant, and try again. The grant in use was left as it is.',
    meaning:
      'A new refresh token was tried before it served, and one of the proofs failed. What served before serves on.',
    steps: [
      'Read which proof failed, and why.',
      'Mend that, or sign in with the account that is meant.',
      'Try again with `evergrant consent NAME` or `evergrant connections adopt NAME`.',
    ],
  },
  tenant_required: {
    status: 400,
    oauthError: 'invalid_request',
    retry: 'never',
    actor: 'caller',
    exit: 2,
    title: 'The connection is a template and needs a tenant',
    remedy: 'Name the tenant: `NAME@TENANT`, or `--tenant TENANT`.',
    meaning: 'The connection stands for many tenants, and the call named none.',
  },
  tenant_invalid: {
    status: 400,
    oauthError: 'invalid_request',
    retry: 'never',
    actor: 'caller',
    exit: 2,
    title: 'That is no tenant of this connection',
    remedy: 'Give the tenant’s id (a GUID) or one of its domains.',
    meaning:
      'The text after the `@` is no tenant id or domain, or the connection has one tenant only.',
  },
  certificate_invalid: {
    status: 502,
    oauthError: 'invalid_client',
    retry: 'never',
    actor: 'operator',
    exit: 3,
    title: 'The client certificate cannot be used',
    remedy:
      'Put a valid certificate and its unencrypted RSA private key, both as PEM, where the connection reads them.',
    meaning:
      'The certificate or its key cannot be read, do not belong together, or the certificate has expired.',
    steps: [
      'Put certificate and unencrypted RSA private key, both PEM, where the connection reads them.',
      'See with `evergrant doctor` that they can be used.',
    ],
  },
  assertion_invalid: {
    status: 502,
    oauthError: 'invalid_client',
    retry: 'never',
    actor: 'operator',
    exit: 3,
    title: 'The federated assertion cannot be used',
    remedy:
      'See that the outside identity provider keeps writing a fresh JWT where the connection reads it.',
    meaning: 'What the outside identity provider left for Evergrant is no JWT, or is over.',
    steps: [
      'See what stands where the connection reads the assertion, and how old it is.',
      'Mend what writes it there.',
      'Take a new token with `evergrant connections refresh NAME`.',
    ],
  },
  id_token_invalid: {
    status: 502,
    oauthError: 'server_error',
    retry: 'never',
    actor: 'operator',
    exit: 3,
    title: 'The provider’s ID token does not prove who signed in',
    remedy:
      'Start the sign-in again. If it lasts, correct the tenant, authority or issuer of the provider and check this machine’s clock.',
    meaning:
      'The provider’s ID token has a wrong signature, issuer, audience, nonce or time, so nobody knows who signed in. Nothing of the sign-in was used.',
    steps: [
      'Begin a new sign-in with `evergrant consent NAME`.',
      'If it lasts, check this machine’s clock, then `tenant`, `authority` or `issuer` of the provider.',
    ],
  },
  revocation_failed: {
    status: 502,
    retry: 'later',
    actor: 'operator',
    exit: 4,
    title: 'The provider did not revoke the token',
    remedy: 'Try again later, or revoke the sessions of the account at the provider itself.',
    meaning:
      'The provider did not confirm that it revoked the tokens; here they are erased all the same.',
    steps: [
      'Try `evergrant connections revoke NAME` again.',
      'If it fails again, revoke the sessions of the account at the provider itself.',
    ],
  },
})
