import type { Command } from 'commander'
import { generateKey } from '../vault/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import { rotateKeys, type RotationStep } from '../server/index.ts'
import { withCommonOptions, withComposition, type CommonOptions } from './common-options.ts'
import { argumentPath } from './io.ts'
import type { CliContext } from './context.ts'
import { writeWholeFile } from './write-file.ts'

/** `evergrant keys new|rotate` */
export function addKeysCommands(program: Command, { io }: CliContext): void {
  const keys = program
    .command('keys')
    .description('make and change the keys that seal tokens in the store')
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
  withCommonOptions(
    keys
      .command('rotate')
      .description('seal everything with another key, while other processes run')
      .option('--to <id>', 'the key to seal with (default: the first of `encryption.keys`)'),
  )
    .addHelpText(
      'after',
      `
1. Make a key, and add it behind the others in the \`encryption.keys\` of every process; restart them.
2. Move it to the front, here at least, and run \`evergrant keys rotate\`: it refuses while a live
   process lacks the key, lets every process change over, and seals everything anew.
3. Once it says so, take the old key out of every configuration.

It may be stopped and run again at any time. Nothing is lost meanwhile: every value opens with the
key that sealed it.

Examples:
  $ evergrant keys rotate
  $ evergrant keys rotate --to k2 --json`,
    )
    .action(async (options: CommonOptions & { readonly to?: string }) => {
      await withComposition(io, options, async (composition) => {
        const { store, clock, identity, vault, config, beat } = composition
        const to = options.to ?? config.encryption.keys[0]?.id ?? vault.sealingKeyId
        const context = { keys: store.keys, clock, identity, keyIds: vault.keyIds, beat }
        let last: RotationStep | undefined
        for await (const step of rotateKeys(context, to)) {
          last = step
          if (step.step !== 'done') io.note(formatStep(step))
        }
        if (last?.step !== 'done') throw new Error('a rotation ends with its last step')
        if (options.json === true) {
          const { sealingKey, resealed, unopened, stillNeeded } = last
          const json = { sealing_key: sealingKey, resealed, unopened, still_needed: stillNeeded }
          io.out(`${JSON.stringify(json)}\n`)
        } else io.out(formatStep(last))
        if (last.unopened > 0) {
          throw new EvergrantError(
            'unseal_failed',
            `${last.unopened} values were sealed with keys that this ring does not hold: ${last.stillNeeded.join(', ')}`,
            {
              remedy:
                'Add those keys to `encryption.keys` again and run `evergrant keys rotate` once more.',
            },
          )
        }
      })
    })
}

function formatStep(step: RotationStep): string {
  switch (step.step) {
    case 'switching':
      return step.from === step.to
        ? `${step.to} is the sealing key already; ${step.nodes} live processes hold it\n`
        : `sealing key ${step.from} → ${step.to}; ${step.nodes} live processes hold it\n`
    case 'switched':
      return `all ${step.nodes} live processes seal with it now\n`
    case 'resealed':
      return `${step.values} values sealed anew\n`
    case 'forgotten':
      return `key ${step.keyId} seals nothing any more: it may leave \`encryption.keys\`\n`
    case 'done':
      return step.stillNeeded.length === 0
        ? `done: everything is sealed with ${step.sealingKey}; ${step.resealed} values were sealed anew\n`
        : `done, but for what ${step.stillNeeded.join(', ')} sealed; ${step.resealed} values were sealed anew with ${step.sealingKey}\n`
  }
}
