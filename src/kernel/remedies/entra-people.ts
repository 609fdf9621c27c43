import { links } from './links.ts'
import type { NumberedRemedy } from './remedy.ts'
import {
  atCustomer,
  account,
  consentAgain,
  enterprise,
  lowered,
  policies,
  proveIt,
  refreshIt,
  registration,
  startOver,
  whosePolicy,
} from './words.ts'

/** AADSTS numbers about the person who signs in: consent, second factor, policies, the account. */
export const entraPeople: readonly NumberedRemedy[] = [
  {
    codes: [65001, 650056],
    title: 'Consent is missing or was withdrawn',
    meaning:
      'In the tenant that was asked nobody has consented to this application for this API. At a customer’s address the customer’s tenant lacks the consent, however complete the partner’s own is.',
    actor: 'tenant_administrator',
    remedy: 'An administrator of the tenant must grant consent to the application.',
    steps: [
      'See with `evergrant connections permissions NAME` what was granted and what is missing; the message says at which tenant’s address it was refused.',
      `In the own tenant: ${lowered(registration)} → API permissions → Grant admin consent.`,
      'In a customer’s tenant: `evergrant connections customers NAME --customer CUSTOMER --grant`, or have the customer’s administrator consent.',
      consentAgain,
      proveIt,
    ],
    link: links.adminConsent,
    atCustomer: atCustomer.consent,
    retry: 'probe',
  },
  {
    codes: [90094, 90095],
    title: 'An administrator must approve this',
    meaning:
      'The person who signed in may not consent to these permissions: the tenant leaves that to administrators.',
    actor: 'tenant_administrator',
    remedy:
      'Let a Global Administrator of the tenant sign in and accept, or grant admin consent beforehand.',
    steps: [
      `${registration} → API permissions → Grant admin consent, as an administrator of the tenant.`,
      'Or begin again with `evergrant consent NAME` and let a Global Administrator sign in.',
    ],
    link: links.adminConsent,
    retry: 'probe',
  },
  {
    codes: [90099],
    title: 'The customer has not authorised the application',
    meaning:
      'A partner’s account acts for a customer by delegated administration, and the application lacks a consent in the customer’s tenant. The partner’s own consent does not reach there.',
    actor: 'operator',
    remedy: 'Consent to the application for that customer through Partner Center.',
    steps: [
      'See that the account is a member of AdminAgents and of the security group that the relationship with this customer (GDAP) names.',
      'See that the relationship includes Global, Privileged Role or Cloud Application Administrator and has not ended: Partner Center → Customers → the customer → Admin relationships.',
      'Consent for the customer with `evergrant connections customers NAME --customer CUSTOMER --grant`.',
    ],
    link: links.vendorApis,
    atCustomer: atCustomer.consent,
    retry: 'probe',
  },
  {
    codes: [50072, 50079],
    title: 'The account has no second factor yet',
    meaning:
      'The account that signed in must use multi-factor authentication by a policy of the tenant that was asked, and has no method registered. It is this one account, not all users of the tenant.',
    actor: 'subject',
    remedy: 'The person must register a second factor, then sign in again with it.',
    steps: [
      'Sign in to My Account → Security info with that account and add a method, such as Microsoft Authenticator.',
      `If the old methods are lost: ${lowered(account)} → Authentication methods → Require re-register multifactor authentication, then register anew.`,
      consentAgain,
    ],
    link: links.mfaMethods,
    atCustomer: atCustomer.mfa,
    retry: 'never',
  },
  {
    codes: [50074, 50076],
    title: 'Multi-factor authentication is wanted',
    meaning:
      'The account behind the grant signed in without a second factor, or before a policy asked for one, and a policy of the tenant that was asked now wants it for this API. At a customer’s address it is the customer’s policy about the partner’s account; the customer’s own users are not concerned.',
    actor: 'subject',
    remedy: 'The person must sign in again with multi-factor authentication.',
    steps: [
      `See that the account has a method: ${lowered(account)} → Authentication methods.`,
      'If nothing makes the account use it, enable it: Conditional Access → Policies → New policy, with the account as user, all resources, and “Require multifactor authentication”; without a licence for that, Overview → Properties → Manage security defaults.',
      consentAgain,
      whosePolicy,
      proveIt,
    ],
    link: links.mfaPolicy,
    atCustomer: atCustomer.mfa,
    retry: 'never',
  },
  {
    codes: [50078],
    title: 'The second factor was used too long ago',
    meaning:
      'The account behind the grant signed in with a second factor, but a policy or a setting (“remember multi-factor authentication”) of the tenant that was asked wants it used again after so many days.',
    actor: 'subject',
    remedy:
      'The person must sign in again with multi-factor authentication, and will have to each time it is too old.',
    steps: [
      consentAgain,
      'Look for the setting: Entra admin center → Multifactor authentication → Additional cloud-based multifactor authentication settings → remember multi-factor authentication on trusted devices.',
      'Look for policies with a sign-in frequency, and exclude the account from them if your rules allow that: Conditional Access → Policies → the policy → Users → Exclude.',
      proveIt,
    ],
    link: links.signInFrequency,
    atCustomer: atCustomer.mfa,
    retry: 'never',
  },
  {
    codes: [500121],
    title: 'The second factor was not completed',
    meaning: 'The person declined, mistyped or did not answer the request for the second factor.',
    actor: 'subject',
    remedy: 'Sign in again and answer the request for the second factor in time.',
    steps: [
      startOver,
      `If the method is lost: ${lowered(account)} → Authentication methods → Require re-register multifactor authentication.`,
    ],
    link: links.mfaMethods,
    retry: 'never',
  },
  {
    codes: [50126],
    title: 'User name or password is wrong',
    meaning: 'The account that signed in gave a password that Entra does not accept.',
    actor: 'subject',
    remedy: 'Sign in again with the right password.',
    steps: [startOver, `If the password is lost: ${lowered(account)} → Reset password.`],
    retry: 'never',
  },
  {
    codes: [50058],
    title: 'Nobody is signed in',
    meaning: 'A sign-in without any page was tried, and the browser has no session at Entra.',
    actor: 'subject',
    remedy: 'Start the sign-in again and sign in.',
    steps: [startOver],
    retry: 'never',
  },
  {
    codes: [53003],
    title: 'A Conditional Access policy blocks this',
    meaning:
      'A policy of the tenant that was asked forbids this account, or this application, the token: by network address, application, or way of signing in. At a customer’s address it is the customer’s policy.',
    actor: 'tenant_administrator',
    remedy:
      'An administrator must let this application, or the network address it calls from, through the Conditional Access policy.',
    steps: [
      whosePolicy,
      'Exclude the account, or for a partner’s accounts “Service provider users”, from that policy: Conditional Access → Policies → the policy → Users → Exclude; or allow the network address of this installation.',
      'If the policy blocks the device code flow, obtain consent through a browser instead.',
      refreshIt,
      'If that is refused as well, obtain consent again with `evergrant consent NAME`.',
    ],
    link: links.excludedUsers,
    atCustomer: atCustomer.policy,
    retry: 'probe',
  },
  {
    codes: [530032],
    title: 'A security policy of the tenant blocks this',
    meaning:
      'The tenant that was asked refuses this sign-in by a policy for all its users, not by one about this account alone.',
    actor: 'tenant_administrator',
    remedy:
      'An administrator must let this account and application through the tenant’s security policy.',
    steps: [
      whosePolicy,
      `${policies}, and exclude the account from the policy that the log names.`,
      consentAgain,
    ],
    link: links.excludedUsers,
    atCustomer: atCustomer.policy,
    retry: 'probe',
  },
  {
    codes: [530035],
    title: 'Security defaults block this',
    meaning:
      'The tenant that was asked has security defaults on, which refuse sign-ins without multi-factor authentication and old ways of signing in.',
    actor: 'tenant_administrator',
    remedy:
      'Sign in with multi-factor authentication, or have an administrator change the defaults.',
    steps: [
      'Register a second factor for the account: My Account → Security info.',
      consentAgain,
      'If it is refused again: Entra admin center → Overview → Properties → Manage security defaults; use Conditional Access in their place where exceptions are needed.',
    ],
    link: links.securityDefaults,
    atCustomer: atCustomer.policy,
    retry: 'probe',
  },
  {
    codes: [53000, 53001, 50097, 50129],
    title: 'The device does not satisfy the tenant’s policy',
    meaning:
      'The sign-in came from a device that a policy of the tenant does not accept; Evergrant itself is no device it could accept.',
    actor: 'tenant_administrator',
    remedy: 'Make the device compliant, or exempt this application from the device policy.',
    steps: [
      whosePolicy,
      'Sign in from a device that is compliant: `evergrant consent NAME --manual` gives an address to open there.',
      'If renewals are refused too, exclude the account or the application from the device policy.',
    ],
    link: links.deviceCompliance,
    atCustomer: atCustomer.policy,
    retry: 'never',
  },
  {
    codes: [700003],
    title: 'The device of the sign-in was deleted',
    meaning:
      'The grant is bound to the device it was obtained on, and the tenant does not know that device any more.',
    actor: 'subject',
    remedy: 'Obtain consent again from a device that exists.',
    steps: [
      'Obtain consent again with `evergrant consent NAME`, in a browser on a device that is registered, or in a private window.',
      proveIt,
    ],
    retry: 'never',
  },
  {
    codes: [50057],
    title: 'The account is disabled',
    meaning: 'The account behind the grant was switched off in its tenant.',
    actor: 'tenant_administrator',
    remedy: 'An administrator must enable the account, or consent must come from another one.',
    steps: [
      `${account} → Properties → Account enabled, and switch it on if it shall serve.`,
      'If it shall not, obtain consent with another account: `evergrant consent NAME --approve-account`.',
      proveIt,
    ],
    retry: 'probe',
  },
  {
    codes: [50034],
    title: 'The account does not exist in this tenant',
    meaning:
      'The tenant that was asked has no account of that name: it was deleted, or is another’s.',
    actor: 'subject',
    remedy: 'Sign in with an account of the tenant that is named.',
    steps: [
      'Compare the tenant in the message with the account’s own.',
      'Begin again with `evergrant consent NAME` and an account of that tenant.',
    ],
    retry: 'probe',
  },
  {
    codes: [50020, 50177],
    title: 'The account is a stranger in that tenant',
    meaning:
      'An account of another tenant signed in, or a partner’s account asked at a customer’s address where delegated administration does not let it in, or where a policy of the customer keeps it out.',
    actor: 'operator',
    remedy:
      'Use an account of the tenant itself; for a customer, put the account into the GDAP group.',
    steps: [
      'For the own tenant: begin again with `evergrant consent NAME` and a member of that tenant, not a guest; remove the guest if the same person has both.',
      'For a customer: put the account into the security group that the relationship names (Partner Center → Customers → the customer → Admin relationships).',
      'Have the customer’s administrator exclude “Service provider users” from policies that keep the account out.',
      proveIt,
    ],
    link: links.gdap,
    atCustomer: atCustomer.relationship,
    retry: 'probe',
  },
  {
    codes: [50105],
    title: 'The account is not assigned to the application',
    meaning:
      'The application lets in assigned accounts alone, and the one that signed in is none of them.',
    actor: 'tenant_administrator',
    remedy: 'An administrator must assign the account to the application.',
    steps: [
      `${enterprise} → Users and groups → Add user/group, and choose the account.`,
      consentAgain,
    ],
    link: links.assignment,
    retry: 'probe',
  },
  {
    codes: [50055, 50144],
    title: 'The account’s password has expired',
    meaning: 'The account that signed in must choose a new password first.',
    actor: 'subject',
    remedy: 'The person must choose a new password, then sign in again.',
    steps: ['Sign in to My Account with that account and choose a new password.', consentAgain],
    retry: 'probe',
  },
  {
    codes: [50053],
    title: 'The account is locked',
    meaning:
      'Too many wrong passwords were tried for the account, or they came from an address Microsoft thinks malicious.',
    actor: 'subject',
    remedy: 'Wait until the account is unlocked; it unlocks by itself.',
    steps: [
      'Wait: the lock ends by itself, after a minute at first, and later after longer times.',
      'See in Sign-in logs where the wrong passwords come from; if they are not yours, reset the password.',
      consentAgain,
    ],
    link: links.smartLockout,
    retry: 'probe',
  },
]
