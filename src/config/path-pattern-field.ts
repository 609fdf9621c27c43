import type { z } from 'zod'
import { must, text } from './fields.ts'

/** A pattern of paths below an API's base URL: `*` within a segment, `**` as a segment across. */
export function pathPattern(): z.ZodString {
  return must(
    must(
      text('a pattern of paths'),
      (value) => /^\/[^?#\\\s]*$/.test(value) && !/\/\.{1,2}(\/|$)/.test(value),
      {
        expected:
          'a pattern that begins with "/", without query, fragment, blanks, "." and ".." segments',
        remedy: 'Write the path as it is called, such as /v1.0/users/*.',
      },
    ),
    (value) => value.split('/').every((segment) => segment === '**' || !segment.includes('**')),
    {
      expected: 'a pattern in which "**" is a whole segment',
      remedy: 'Write /v1.0/** for everything below /v1.0, or "*" within a segment.',
    },
  )
}
