import { links } from './links.ts'
import type { NumberedRemedy } from './remedy.ts'

/** Numbers in the answers of Partner Center’s API, in `code`. */
export const partnerCenterRemedies: readonly NumberedRemedy[] = [
  {
    codes: [900421, 10001],
    title: 'Partner Center wants a sign-in with multi-factor authentication',
    meaning:
      'The token is of an account of the partner that signed in without a second factor, or with one that Entra does not tell Partner Center of. Customers and their users are not concerned.',
    actor: 'subject',
    remedy:
      'Enrol the account in multi-factor authentication, then obtain consent again and use it.',
    steps: [
      'Sign in to My Account → Security info with the account and add a method, such as Microsoft Authenticator.',
      'See that a policy makes the account use it: Entra admin center → Conditional Access → Policies, or Overview → Properties → Manage security defaults.',
      'If a second factor of another maker is used, connect it so that Entra itself records it (external authentication method).',
      'Obtain consent again with `evergrant consent NAME` in a private window, so that the second factor is asked for.',
      'See with `evergrant connections test NAME` that the rung of Partner Center passes.',
    ],
    link: links.partnerAuthentication,
    retry: 'never',
  },
  {
    codes: [900420],
    title: 'Partner Center refuses the token',
    meaning:
      'The token is expired, for another API, or of an account or application that Partner Center does not know.',
    actor: 'operator',
    remedy:
      'See that the connection asks for tokens of Partner Center, in the partner’s own tenant.',
    steps: [
      'See that `resource` is https://api.partnercenter.microsoft.com and `tenant` the partner’s (`evergrant connections show NAME`).',
      'Take a new token with `evergrant connections refresh NAME`.',
      'See with `evergrant connections test NAME` that the rung of Partner Center passes.',
    ],
    link: links.secureAppModel,
    retry: 'never',
  },
]
