import { links } from './links.ts'
import type { NumberedRemedy } from './remedy.ts'
import { atCustomer, consentAgain, policies, proveIt, startOver } from './words.ts'

/** AADSTS numbers about refresh tokens and codes, and passing faults. */
export const entraGrants: readonly NumberedRemedy[] = [
  {
    codes: [700082],
    title: 'The refresh token was idle for too long',
    meaning:
      'Nobody used the refresh token for 90 days, so it died. No policy was involved: keep-alive did not run in that time.',
    actor: 'subject',
    remedy: 'Obtain consent again, and see why nothing kept the refresh token alive.',
    steps: [
      consentAgain,
      'See why it was not kept alive: a service (`evergrant serve`) must run, and `evergrant alarms list` tells of missed renewals.',
      proveIt,
    ],
    link: links.refreshTokens,
    retry: 'never',
  },
  {
    codes: [70008],
    title: 'The refresh token or code has expired or was revoked',
    meaning:
      'What was presented is over: a code after about ten minutes, a refresh token by idleness, revocation or policy.',
    actor: 'subject',
    remedy: 'Obtain consent again; for a code, start the sign-in over.',
    steps: [consentAgain, proveIt],
    link: links.refreshTokens,
    retry: 'never',
  },
  {
    codes: [50173, 50132, 50133],
    title: 'The sessions of the account were revoked',
    meaning:
      'Somebody, or a risk policy, revoked the sessions of the account behind the grant, or its password was reset in the Entra admin center. All of its refresh tokens from before are dead; the application and its secret are not concerned.',
    actor: 'subject',
    remedy: 'Find out why the sessions were revoked, then obtain consent again.',
    steps: [
      'Find out who revoked them and why: Entra admin center → Audit logs, for the account. If an account or secret may have been stolen, follow the guide on compromise first.',
      consentAgain,
      proveIt,
    ],
    link: links.revokeAccess,
    retry: 'never',
  },
  {
    codes: [70043],
    title: 'The sign-in frequency policy ended the session',
    meaning:
      'A Conditional Access policy of the tenant that was asked wants the account behind the grant to sign in anew after so many hours. No renewal can meet it: unless the account is exempt, the grant ends again after the same time.',
    actor: 'tenant_administrator',
    remedy:
      'Obtain consent again; exempt the account from the sign-in frequency policy to keep it.',
    steps: [
      `${policies}, and find the one with Session → Sign-in frequency that applies to the account (Sign-in logs → the failed sign-in → Conditional Access names it).`,
      'Exclude the service account from it: Users → Exclude → Users and groups; keep a policy that requires multi-factor authentication for it.',
      consentAgain,
      proveIt,
    ],
    link: links.signInFrequency,
    atCustomer: atCustomer.policy,
    retry: 'never',
  },
  {
    codes: [70000],
    title: 'The grant is invalid',
    meaning:
      'What was presented is no refresh token or code of this application: cut off, of another client or tenant, or taken back.',
    actor: 'subject',
    remedy: 'Obtain consent again.',
    steps: [consentAgain, proveIt],
    link: links.refreshTokens,
    retry: 'never',
  },
  {
    codes: [50013, 500133],
    title: 'The assertion of the caller has expired',
    meaning: 'A user’s token was presented to obtain another, and its time was over.',
    actor: 'operator',
    remedy: 'Send a fresh token of the user.',
    steps: ['Send a fresh token of the user.'],
    retry: 'never',
  },
  {
    codes: [54005, 501481],
    title: 'The authorization code was used before, or its verifier does not fit',
    meaning:
      'A code works once and only for the sign-in that led to it; this one was redeemed already or belongs to another. It is never tried again by itself.',
    actor: 'subject',
    remedy: 'Start the sign-in again.',
    steps: [startOver, 'If somebody else may have used the code, follow the guide on compromise.'],
    retry: 'never',
  },
  {
    codes: [500112],
    title: 'The redirect URI changed within one sign-in',
    meaning: 'The code was redeemed with another redirect URI than the sign-in began with.',
    actor: 'operator',
    remedy: 'Start the sign-in again, without changing addresses in between.',
    steps: [startOver],
    link: links.redirectUri,
    retry: 'never',
  },
  {
    codes: [65004],
    title: 'Consent was declined',
    meaning: 'The person who signed in chose not to accept what the application asks for.',
    actor: 'subject',
    remedy: 'Start the sign-in again, and accept what the application asks for.',
    steps: ['Begin again with `evergrant consent NAME`, and choose Accept on the last page.'],
    retry: 'never',
  },
  {
    codes: [700005],
    title: 'The authorization code belongs to another tenant’s endpoint',
    meaning: 'The sign-in ran at one tenant’s address and the code was redeemed at another’s.',
    actor: 'subject',
    remedy: 'Start the sign-in again, at the tenant that is configured now.',
    steps: [
      'See that `tenant` was not changed since the sign-in began (`evergrant connections show NAME`).',
      startOver,
    ],
    retry: 'never',
  },
  {
    codes: [50196],
    title: 'Entra sees the same request in a loop',
    meaning: 'The same request came so often in a short time that Entra refuses it for a while.',
    actor: 'evergrant',
    remedy:
      'Evergrant waits a minute. Look for another program that uses the same client in a loop.',
    steps: [
      'Wait: Evergrant asks again by itself after a minute.',
      'Look in Sign-in logs for another program with the same application id.',
    ],
    retry: 'throttle',
  },
  {
    codes: [90055],
    title: 'Entra throttles this client',
    meaning: 'Too many requests of this application reached Entra in a short time.',
    actor: 'evergrant',
    remedy: 'Nothing to do: Evergrant waits, then tries again.',
    steps: ['Wait: Evergrant asks again by itself, no sooner than Entra wants.'],
    retry: 'throttle',
  },
  {
    codes: [50000, 50033, 90006, 90012, 90024, 90033, 90090],
    title: 'Entra has a passing fault',
    meaning: 'Entra could not answer; nothing of the connection, account or policy is at fault.',
    actor: 'evergrant',
    remedy: 'Nothing to do: Evergrant tries again. See the Entra status page if it lasts.',
    steps: [
      'Wait: Evergrant tries again by itself, with pauses that grow.',
      'See the Entra status page if it lasts.',
    ],
    retry: 'backoff',
  },
]
