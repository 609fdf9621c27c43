import { z } from 'zod'
import { duration, must, oneOrMore, text, wholeNumber } from './fields.ts'
import { rejectionPresetNames } from './rejection-preset-names.ts'
import { pathPattern } from './path-pattern-field.ts'

const header = z
  .strictObject({
    name: must(
      text('the name of a header'),
      (name) => /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/.test(name),
      {
        expected: 'the name of a header, such as WWW-Authenticate',
        remedy: 'Write the name alone, without ":".',
      },
    )
      .transform((name) => name.toLowerCase())
      .describe('Name of the header; case does not count.'),
    contains: text('a part of the header’s value')
      .optional()
      .describe('What its value contains, ignoring case. Default: that it is there.'),
  })
  .describe('A header of the answer.')

const scalar = z.union([
  z.string('a text'),
  must(z.number('a number'), Number.isFinite, {
    expected: 'a number',
    remedy: 'Write the number as the API sends it.',
  }),
  z.boolean('true or false'),
])

const json = z
  .strictObject({
    pointer: must(
      z.string('a JSON pointer').meta({ pattern: '^/' }),
      (value) => /^\/(?:[^~]|~[01])*$/s.test(value),
      {
        expected: 'a JSON pointer (RFC 6901) such as /error/code',
        remedy: 'Write "/" before each name or position; "~" in a name is written "~0", "/" "~1".',
      },
    ).describe('Where the value stands, as a JSON pointer (RFC 6901) such as `/error/code`.'),
    equals: oneOrMore(scalar, 'value').describe(
      'The value that tells a refused token, or a list of such values; 190 and `"190"` are the same.',
    ),
  })
  .describe('A place in a JSON body.')

const rule = z.strictObject({
  name: must(text('a name'), (name) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name), {
    expected: 'a name of 1 to 64 characters: A-Z, a-z, 0-9, ".", "_" and "-"',
    remedy: 'Name the rule shortly: the name stands in traces and answers.',
  })
    .optional()
    .describe('Name for traces and messages. Default: made of its conditions.'),
  status: oneOrMore(wholeNumber(200, 599), 'status')
    .optional()
    .describe(
      'A status, or a list of those it is for, from 200 to 599. Default: every one from 400.',
    ),
  header: header.optional(),
  json: json.optional(),
  text: must(text('words of the body'), (value) => value.length >= 4 && value.length <= 500, {
    expected: 'words of 4 to 500 characters',
    remedy: 'Write enough of the API’s words to tell this refusal from any other.',
  })
    .optional()
    .describe(
      'Words that the body contains, 4 to 500 characters; case does not count, and runs of blanks count as one.',
    ),
  empty: z.literal(true).optional().describe('`true`: the answer has no body.'),
  path: pathPattern()
    .optional()
    .describe('Only for paths that match: `*` within a segment, `**` across segments.'),
  tokenAge: duration({ least: '1s', most: '30d' })
    .optional()
    .describe('Only for tokens at least this old, from 1s to 30d.'),
})

const preset = z.enum(rejectionPresetNames)

/** How a refused token is told; `check-rejection.ts` holds the rules that look at several fields. */
export const rejectedSchema = z
  .array(z.union([preset, rule]))
  .prefault([])
  .describe(
    'How else than by 401 the API tells that a token was refused: names of packs (`microsoft`, `salesforce`, …) and rules, all conditions of which must hold. Each rule has at least one of `status`, `header`, `json`, `text` and `empty`; a status alone never suffices, but with `tokenAge`, since a refusal for another reason must not renew the token.',
  )
