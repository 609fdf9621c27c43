import type { NumberedRemedy } from './remedy.ts'

/** Where an application’s settings stand; the rest of the way follows. */
export const registration = 'Open the Entra admin center → App registrations → the application'
export const enterprise = 'Open the Entra admin center → Enterprise applications → the application'
export const policies = 'Open the Entra admin center → Conditional Access → Policies'
export const account = 'Open the Entra admin center → Users → the account'

export const consentAgain =
  'Obtain consent again with `evergrant consent NAME`, signing in with the same account.'
export const startOver = 'Begin a new sign-in with `evergrant consent NAME`; a code works once.'
export const proveIt = 'See with `evergrant connections test NAME` that every API answers again.'
export const refreshIt = 'Take a new token at once with `evergrant connections refresh NAME`.'
export const whosePolicy =
  'See which policy it was: Entra admin center → Sign-in logs → the failed sign-in → Conditional Access. At a customer’s address, the customer’s tenant has the log and the policy.'

/** At a partner’s customer, by what is wrong there; `CUSTOMER` is its tenant. */
export const atCustomer = {
  consent: {
    actor: 'operator',
    steps: [
      'See that the account behind the connection is in AdminAgents and in a security group of the relationship (GDAP) with that customer: Partner Center → Customers → the customer → Admin relationships.',
      'Consent for the customer with `evergrant connections customers NAME --customer CUSTOMER --grant`.',
      'See with `evergrant connections customers NAME` how far it reaches now.',
    ],
  },
  relationship: {
    actor: 'operator',
    steps: [
      'Put the account behind the connection into a security group that the relationship (GDAP) names: Partner Center → Customers → the customer → Admin relationships; and see that the relationship has not ended.',
      'If the account is a guest in the customer’s tenant, have the customer remove the guest.',
      'Have the customer’s administrator let service provider users in: cross-tenant access settings and Conditional Access.',
    ],
  },
  mfa: {
    actor: 'subject',
    steps: [
      'Sign in again with a second factor: `evergrant consent NAME`, with the same account. The customer’s own users are not concerned.',
      'If it is refused again, have the customer’s administrator exclude service provider users from the policy that the sign-in log of that tenant names.',
    ],
  },
  policy: {
    actor: 'customer_administrator',
    steps: [
      'Ask an administrator of the customer’s tenant to open Entra admin center → Sign-in logs → the failed sign-in of the partner’s account → Conditional Access, which names the policy.',
      'Have that policy exclude service provider users, or this account: Conditional Access → Policies → the policy → Users → Exclude → Guest or external users.',
      'Nothing else: the customer’s tenant is asked again by itself, slowly; other customers are not concerned.',
    ],
  },
} as const satisfies Readonly<Record<string, NonNullable<NumberedRemedy['atCustomer']>>>

/** For the middle of a sentence. */
export function lowered(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
