import { defineErrors } from './definition.ts'

/** Errors of obtaining consent: sign-ins that were begun here and what came back of them. */
export const consentErrors = defineErrors({
  consent_unreadable: {
    status: 400,
    retry: 'now',
    actor: 'caller',
    exit: 2,
    title: 'That is no authorization code, and no address with one',
    remedy:
      'Paste the whole address from the browser’s address bar after the sign-in, or the code alone.',
    meaning: 'What was pasted is neither a code nor an address with one; nothing was spent.',
  },
  consent_unknown: {
    status: 404,
    retry: 'never',
    actor: 'caller',
    exit: 2,
    title: 'No sign-in of this connection is waiting for that',
    remedy: 'Begin one with `evergrant consent NAME`, and paste what that very sign-in led to.',
    meaning:
      'The code or address belongs to no sign-in of this connection that is waiting. Nothing was spent.',
    steps: [
      'See that it is of the connection that is named.',
      'Begin one with `evergrant consent NAME`, and paste what that very sign-in led to.',
    ],
  },
  consent_expired: {
    status: 410,
    retry: 'never',
    actor: 'caller',
    exit: 3,
    title: 'The time to finish this sign-in is over',
    remedy: 'Begin again with `evergrant consent NAME`.',
    meaning:
      'A sign-in may take as long as its deadline says, and this one took longer. Nothing of it was used.',
    steps: [
      'Begin again with `evergrant consent NAME`.',
      'Let the person sign in while you wait, or use a way that needs no copying.',
    ],
  },
  consent_used: {
    status: 409,
    retry: 'never',
    actor: 'caller',
    exit: 3,
    title: 'This sign-in was finished before',
    remedy:
      'See `evergrant connections show NAME` for what came of it; begin again with `evergrant consent NAME`.',
    meaning: 'The code of this sign-in was taken in before, by you or by somebody else.',
    steps: [
      'See in `evergrant connections show NAME` what came of it.',
      'If nobody of yours finished it, follow the guide on compromise.',
      'Begin again with `evergrant consent NAME` if it is still needed.',
    ],
  },
  consent_cancelled: {
    status: 409,
    retry: 'never',
    actor: 'caller',
    exit: 3,
    title: 'This sign-in was given up',
    remedy: 'Finish the one that was begun after it, or begin again with `evergrant consent NAME`.',
    meaning: 'Somebody began another sign-in of this connection after it, or ended it.',
  },
  consent_denied: {
    status: 403,
    oauthError: 'access_denied',
    retry: 'never',
    actor: 'subject',
    exit: 3,
    title: 'The provider ended the sign-in without consent',
    remedy: 'Begin again, and accept what the application asks for.',
    meaning:
      'The provider sent the person back without consent: declined, or refused by a rule that the message names.',
    steps: [
      'Read the provider’s own words in the message.',
      'Begin again with `evergrant consent NAME`, and choose Accept on the last page.',
    ],
  },
  consent_wrong_tenant: {
    status: 403,
    retry: 'never',
    actor: 'subject',
    exit: 3,
    title: 'The account that signed in belongs to another tenant',
    remedy: 'Begin again with an account of the tenant that is named.',
    meaning:
      'Whoever signed in belongs to another tenant than the connection is for. Nothing of the sign-in was used.',
    steps: [
      'Compare the tenant in the message with the one that is meant.',
      'Begin again with `evergrant consent NAME`, in a private window, with an account of the right tenant.',
    ],
  },
  consent_wrong_account: {
    status: 403,
    retry: 'never',
    actor: 'operator',
    exit: 3,
    title: 'Another account signed in than the one that serves this connection',
    remedy:
      'Begin again and sign in with the same account, or allow another one with `--approve-account`.',
    meaning:
      'Another account of the right tenant signed in than the one that serves now. It is not taken without somebody’s word.',
    steps: [
      'If the change is not meant, begin again with `evergrant consent NAME`, in a private window, with the account that serves.',
      'If it is meant, begin again with `evergrant consent NAME --approve-account`.',
    ],
  },
  consent_without_refresh_token: {
    status: 502,
    retry: 'never',
    actor: 'operator',
    exit: 3,
    title: 'The provider gave no refresh token',
    remedy:
      'Let the application have `offline_access` (Entra: a delegated permission of Microsoft Graph) and see that its redirect URI is registered for a web application, then begin again.',
    meaning: 'The sign-in succeeded, but without a refresh token nothing could be kept alive.',
    steps: [
      'Entra admin center → App registrations → the application → API permissions: add the delegated permission `offline_access` of Microsoft Graph.',
      'See under Authentication that the redirect URI stands under the platform Web.',
      'Begin again with `evergrant consent NAME`.',
    ],
  },
  consent_interrupted: {
    status: 503,
    retry: 'never',
    actor: 'operator',
    exit: 4,
    title: 'The process that finished this sign-in ended before it was done',
    remedy:
      'See `evergrant connections show NAME` whether the new grant serves; if it does not, begin again.',
    meaning:
      'The process died while the new refresh token was on trial; the grant in use serves on.',
    steps: [
      'See in `evergrant connections show NAME` whether the new grant serves.',
      'If it does not, begin again with `evergrant consent NAME`.',
    ],
  },
  consent_elsewhere: {
    status: 403,
    retry: 'never',
    actor: 'caller',
    exit: 3,
    title: 'This sign-in was begun in another browser',
    remedy: 'Go on in the browser where it was begun, or ask whoever sent you for a new link.',
    meaning:
      'A sign-in is finished in the browser that began it, so that nobody can be made to finish another’s.',
  },
  consent_session_unknown: {
    status: 404,
    retry: 'never',
    actor: 'caller',
    exit: 2,
    title: 'There is no such sign-in',
    remedy: 'See `evergrant consent show NAME` for the newest one of a connection.',
    meaning: 'No sign-in has that id.',
  },
  consent_link_unknown: {
    status: 404,
    retry: 'never',
    actor: 'caller',
    exit: 2,
    title: 'There is no such link',
    remedy: 'Use the whole address, or ask whoever sent it for a new one.',
    meaning: 'The address is cut off, or no such link was ever made.',
  },
  consent_link_expired: {
    status: 410,
    retry: 'never',
    actor: 'caller',
    exit: 3,
    title: 'The time of this link is over',
    remedy: 'Ask whoever sent it for a new one.',
    meaning: 'Links hold for a limited time, and this one’s is over.',
  },
  consent_link_revoked: {
    status: 410,
    retry: 'never',
    actor: 'caller',
    exit: 3,
    title: 'This link was taken back',
    remedy: 'Ask whoever sent it whether there is a new one.',
    meaning: 'Whoever made the link took it back.',
  },
  consent_link_used: {
    status: 410,
    retry: 'never',
    actor: 'caller',
    exit: 3,
    title: 'This link was used',
    remedy:
      'Nothing has to be done: its sign-in is over, or under way. Another one needs a new link.',
    meaning: 'A link leads to one grant, and this one has.',
  },
})
