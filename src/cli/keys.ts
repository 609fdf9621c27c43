import type { Command } from 'commander'
import { generateKey } from '../vault/index.ts'
import { argumentPath } from './io.ts'
import type { CliContext } from './context.ts'
import { writeWholeFile } from './write-file.ts'

/** `evergrant keys new` */
export function addKeysCommands(program: Command, { io }: CliContext): void {
  const keys = program
    .command('keys')
    .description('make keys that seal tokens in the store')
    .addHelpText(
      'after',
      `
Examples:
  $ evergrant keys new --file ./evergrant.key
  $ evergrant keys new | your-vault put evergrant-key`,
    )

  keys
    .command('new')
    .description('make an encryption key: 32 random bytes in base64')
    .option('--file <path>', 'write it there (mode 0600) instead of printing it')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
An existing file is never overwritten: what it sealed would be lost.

Examples:
  $ evergrant keys new --file ./evergrant.key
  $ evergrant keys new | your-vault put evergrant-key
  $ export EVERGRANT_KEY=$(evergrant keys new)`,
    )
    .action(async (options: { readonly file?: string; readonly json?: boolean }) => {
      const key = generateKey()
      if (options.file === undefined) {
        const text = key.reveal()
        io.out(options.json === true ? `${JSON.stringify({ key: text })}\n` : `${text}\n`)
        io.note(
          'This key is shown once and kept nowhere. Without it nothing that it sealed opens.\n',
        )
        return
      }
      const file = argumentPath(io, options.file)
      await writeWholeFile(file, `${key.reveal()}\n`, { mode: 0o600 })
      io.out(
        options.json === true
          ? `${JSON.stringify({ file })}\n`
          : `${file}: a new key, readable by you alone. Keep a copy apart from the store.\n`,
      )
    })
}
