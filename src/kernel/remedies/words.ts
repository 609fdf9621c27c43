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

/** For the middle of a sentence. */
export function lowered(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
