import {
  errorTables,
  remedyActorNames,
  remedyCatalogue,
  type CatalogueEntry,
} from '../../src/kernel/index.ts'
import { pageHead } from './markdown.ts'

/** Renders `docs/reference/remedies.md` from the catalogue of remedies. */
export function renderRemediesPage(): string {
  const own = new Set(Object.values(errorTables).flatMap((table) => Object.keys(table)))
  const isEntra = ({ code }: CatalogueEntry): boolean => code.startsWith('AADSTS')
  return `${[
    pageHead('Remedies', 'src/kernel/errors and src/kernel/remedies'),
    'What each code means, who must act, and what to do in which order. The command line (`evergrant remedy CODE`), the API (`GET /api/v1/remedies`), problems, the last failure of a connection, alarms and the console say the same. Microsoft may change its numbers without notice: they choose words here, never what Evergrant does. Where a step says `NAME`, write the connection; `CUSTOMER` (its tenant), `IMPORT`, `CALLER`, `CLIENT`, `ISSUER` and `ID` are names and ids of yours, too.',
    '## Microsoft Entra ID',
    ...remedyCatalogue.filter(isEntra).map(renderEntry),
    '## Partner Center',
    ...remedyCatalogue.filter((one) => !isEntra(one) && !own.has(one.code)).map(renderEntry),
    '## Evergrant',
    ...remedyCatalogue.filter(({ code }) => own.has(code)).map(renderEntry),
  ].join('\n\n')}\n`
}

function renderEntry({
  code,
  title,
  meaning,
  actor,
  remedy,
  steps,
  link,
  retry,
  atCustomer,
}: CatalogueEntry): string {
  const isMore = steps.length > 1 || steps[0] !== remedy
  return [
    `### \`${code}\``,
    `**${title}.** ${meaning} ${remedy}`,
    ...(isMore ? [steps.map((step, i) => `${i + 1}. ${step}`).join('\n')] : []),
    ...(atCustomer === undefined
      ? []
      : [
          `At a customer’s tenant ${remedyActorNames[atCustomer.actor]} acts:`,
          atCustomer.steps.map((step, i) => `${i + 1}. ${step}`).join('\n'),
        ]),
    [
      `who acts: ${remedyActorNames[actor]}`,
      `try again: ${retry}`,
      ...(link === null ? [] : [`[Microsoft’s page](${link})`]),
    ].join(' · '),
  ].join('\n\n')
}
