import { z } from 'zod'
import { exactlyOneOf, flag, must, text } from './fields.ts'

/** Where claims of a caller come from. */
export const claimSources = ['token', 'id_token', 'introspection', 'userinfo'] as const

/** The name of a claim, short or an address. */
export const claimName = must(text('the name of a claim'), (name) => name.length <= 200, {
  expected: 'the name of a claim, at most 200 characters',
  remedy: 'Write it as it stands in the token; `evergrant explain` shows the names.',
})

const matchPair = {
  claim: claimName.describe('The claim; one under an address counts as its short name.'),
  column: must(text('a column'), (name) => /^[A-Za-z]\w{0,127}$/.test(name), {
    expected: 'a column: the name of a property, as Microsoft Graph spells it',
    remedy: 'Write a name such as id, userPrincipalName or employeeId.',
  }).describe('The property of accounts that has to be equal.'),
  source: z.enum(claimSources).optional().describe('The only source of the claim that counts.'),
  ignoreCase: flag()
    .default(false)
    .describe('Whether A to Z count as a to z, on both sides; other letters never do.'),
}

const ruleSettings = {
  acrossTenants: flag()
    .default(false)
    .describe('Whether accounts of other tenants than the token’s count, too.'),
  acceptMutable: flag()
    .default(false)
    .describe(
      'Needed where a rule rests on claims alone that change or that users can choose, such as `email` or `upn`: whoever gets the address gets the account.',
    ),
}

/** One rule that finds an account, as written. */
export const matchRule = exactlyOneOf(
  z.strictObject({
    ...matchPair,
    claim: matchPair.claim.optional(),
    column: matchPair.column.optional(),
    all: z
      .array(z.strictObject(matchPair))
      .min(1)
      .optional()
      .describe('Several pairs that all have to hold, in place of `claim` and `column`.'),
    ...ruleSettings,
  }),
  ['claim', 'all'],
  {
    expected: 'exactly one of "claim" (with "column") and "all"',
    remedy: 'Write { claim: oid, column: id }, or { all: [{ claim: …, column: … }, …] }.',
  },
).describe('How one account is found: a pair of claim and column, or several.')
