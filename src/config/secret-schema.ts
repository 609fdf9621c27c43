import { z } from 'zod'
import { exactlyOneOf, filePath, must, text, variableName, type Rule } from './fields.ts'
import { hasSecretForm } from './secret-form.ts'

/** A secret by reference, as it is written; exactly one member is present. */
export interface WrittenReference {
  readonly env?: string | undefined
  readonly file?: string | undefined
  readonly exec?: readonly string[] | undefined
  readonly sealed?: string | undefined
}

const oneOfThree: Rule = {
  expected: 'exactly one of "env", "file" and "exec"',
  remedy:
    'Say where the secret stands: { env: NAME }, { file: PATH } or { exec: [COMMAND, ARGUMENT] }.',
}

/** The places of a secret, as fields of a mapping. */
export function placeFields(what: string): {
  readonly env: z.ZodOptional<z.ZodString>
  readonly file: z.ZodOptional<z.ZodString>
  readonly exec: z.ZodOptional<ReturnType<typeof commandLine>>
} {
  return {
    env: variableName().optional().describe(`Environment variable that holds the ${what}.`),
    file: filePath()
      .optional()
      .describe(
        `File that holds the ${what}, relative to the configuration file; trailing newlines are not part of it.`,
      ),
    exec: commandLine()
      .optional()
      .describe(
        `Command that prints the ${what} (at most 64 KiB, within 10 seconds): program and arguments, run without a shell; a program without "/" is looked up in PATH.`,
      ),
  }
}

function commandLine(): z.ZodArray<z.ZodString> {
  const word = must(
    z.string('a text; put it in quotes'),
    (value) => !value.includes('\0') && !hasSecretForm(value),
    {
      expected: 'an argument that is no secret itself',
      remedy:
        'Leave the secret out: everyone on this machine can read the arguments of a command. Treat one that stood here as known, and replace it.',
    },
  )
  return must(
    z.array(word).meta({ minItems: 1 }),
    ([program = '']) => text('').safeParse(program).success && !/^~|\$\{?\w/.test(program),
    {
      expected: 'a program and its arguments, without "~" or variables in the program’s path',
      remedy: 'Write [COMMAND, ARGUMENT, …], each a text of its own: no shell takes them apart.',
    },
  )
}

/** Adds the rule that exactly one of `env`, `file` and `exec` is present. */
export function oneSecretPlace<S extends z.ZodType>(schema: S): S {
  return exactlyOneOf(schema, ['env', 'file', 'exec'], oneOfThree)
}

/** A secret by reference, as it stands in the file. */
export const secretReference = oneSecretPlace(z.strictObject(placeFields('secret')))

/** The same in a connection that is kept in the store, which may hold the secret itself, sealed. */
export const storedSecretReference = exactlyOneOf(
  z.strictObject({
    ...placeFields('secret'),
    sealed: must(text('a slot'), (slot) => /^[\w.[\]-]{1,64}$/.test(slot), {
      expected: 'the name of a slot: 1 to 64 letters, digits, ".", "_", "-", "[" and "]"',
      remedy: 'Give the secret anew with `evergrant connections edit`.',
    })
      .optional()
      .describe('Slot of the store that holds the secret, sealed.'),
  }),
  ['env', 'file', 'exec', 'sealed'],
  {
    expected: 'exactly one of "env", "file", "exec" and "sealed"',
    remedy: oneOfThree.remedy,
  },
)

/** Either form of a reference; both read the same. */
export type ReferenceSchema = z.ZodType<WrittenReference, WrittenReference>
