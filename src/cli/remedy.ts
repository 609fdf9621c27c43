import type { Command } from 'commander'
import {
  EvergrantError,
  findRemedy,
  remedyActorNames,
  type CatalogueEntry,
} from '../kernel/index.ts'
import { remedyToJson } from '../server/index.ts'
import type { CliContext } from './context.ts'
import { stepLines } from './report-error.ts'

/** `evergrant remedy CODE` */
export function addRemedyCommand(program: Command, { io }: CliContext): void {
  program
    .command('remedy <code>')
    .description('say what an error code means, who must act, and the steps')
    .option('--json', 'print the entry as JSON')
    .addHelpText(
      'after',
      `
CODE is one of Evergrant’s, of Microsoft Entra ID (with or without AADSTS), or of Partner Center. It
needs no configuration and asks nobody.

Examples:
  $ evergrant remedy AADSTS50076
  $ evergrant remedy 900421
  $ evergrant remedy grant_lapsed --json`,
    )
    .action((code: string, options: { readonly json?: boolean }) => {
      const entry = findRemedy(code)
      if (entry === undefined) {
        throw new EvergrantError(
          'usage',
          `there is no entry for the code ${JSON.stringify(code.slice(0, 60))}`,
          {
            remedy:
              'Name a code of docs/reference/remedies.md; for an AADSTS number that is not there, read the provider’s own words.',
          },
        )
      }
      io.out(
        options.json === true ? `${JSON.stringify(remedyToJson(entry))}\n` : formatEntry(entry),
      )
    })
}

function formatEntry(entry: CatalogueEntry): string {
  const { code, title, meaning, actor, remedy, retry, atCustomer } = entry
  const lines = [
    `${code}: ${title}`,
    `  ${meaning}`,
    `  who acts: ${remedyActorNames[actor]} · try again: ${retry}`,
    `  → ${remedy}`,
    ...stepLines(remedy, entry).map((line) => `    ${line}`),
    ...(atCustomer === undefined
      ? []
      : [
          `  at a customer’s tenant ${remedyActorNames[atCustomer.actor]} acts:`,
          ...atCustomer.steps.map((step, i) => `    ${i + 1}. ${step}`),
        ]),
  ]
  return `${lines.join('\n')}\n`
}
