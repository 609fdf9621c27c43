import { defineErrors } from './definition.ts'

const noSuch = { status: 404, retry: 'never', actor: 'caller', exit: 2 } as const

/** Errors about accounts of the directory, and the people who own them. */
export const accountErrors = defineErrors({
  account_unknown: {
    ...noSuch,
    title: 'There is no such account',
    remedy:
      'See `evergrant accounts list` for those there are; import the directory where it is missing.',
    meaning: 'No imported account has that id or name.',
  },
  caller_without_account: {
    status: 403,
    retry: 'never',
    actor: 'caller',
    exit: 3,
    title: 'The caller stands for no account',
    remedy:
      'Call with the token of somebody whom the rules of its issuer match to an account; caller keys are nobody’s.',
    meaning: 'The call came with a caller key, which is no person’s.',
  },
  person_unknown: {
    ...noSuch,
    title: 'There is no such person',
    remedy: 'See `evergrant people list` for those there are.',
    meaning: 'No person has that name or id.',
  },
  account_taken: {
    status: 409,
    retry: 'never',
    actor: 'caller',
    exit: 2,
    title: 'The account belongs to another person',
    remedy: 'Unlink it from that person first: `evergrant people unlink`.',
    meaning: 'An account belongs to one person, and this one is another’s already.',
  },
  people_invalid: {
    status: 400,
    retry: 'never',
    actor: 'caller',
    exit: 2,
    title: 'The list of people cannot be taken over',
    remedy: 'Correct what is named, and send the whole list again: nothing of it was taken over.',
    meaning: 'A line of the list cannot be used; nothing of the list was taken over.',
  },
})
