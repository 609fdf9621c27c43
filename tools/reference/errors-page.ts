import { errorTables, type ErrorDefinition } from '../../src/kernel/index.ts'
import { pageHead, table } from './markdown.ts'

type Tables = Readonly<Record<string, Readonly<Record<string, ErrorDefinition>>>>

const headings: Readonly<Record<keyof typeof errorTables, string>> = {
  config: 'Configuration and command line',
  vault: 'Encryption',
  store: 'Store',
  oauth: 'Providers and tokens',
  imports: 'Imports',
  jobs: 'Jobs',
  access: 'Callers',
  gateway: 'Gateway',
  facade: 'Façade',
  service: 'Service',
  identity: 'Bearer tokens',
  accounts: 'Accounts and people',
  consent: 'Consent',
}

const exitCodes = [
  ['0', 'done'],
  ['1', 'a fault of ours'],
  ['2', 'usage or configuration'],
  ['3', 'a person must act'],
  ['4', 'upstream or provider unavailable'],
  ['5', 'import incomplete; also an import stopped by SIGINT'],
] as const

const actors: Readonly<Record<ErrorDefinition['actor'], string>> = {
  caller: 'the caller',
  operator: 'the operator',
  subject: 'the signed-in person',
  evergrant: 'nobody: Evergrant itself',
}

/** Renders `docs/reference/errors.md` from the error registry. */
export function renderErrorsPage(): string {
  const tables: Tables = errorTables
  const sections = Object.entries(headings).map(([room, heading]) =>
    [`## ${heading}`, ...Object.entries(tables[room] ?? {}).map(renderError)].join('\n\n'),
  )
  return `${[
    pageHead('Errors', 'src/kernel/errors'),
    'Every error has a code that is never renamed. The command line prints title, detail and remedy; the API answers with problem+json (RFC 9457) that has the same three and the code. What each means in full, and the steps to take, stand in [remedies.md](remedies.md). The detail, not listed here, says what was expected and what was seen.',
    '## Exit codes',
    table(['exit', 'meaning'], exitCodes),
    'Where several of 2, 3, 4 and 5 apply, the lowest is given.',
    '## All codes',
    table(
      ['code', 'exit', 'HTTP status', 'try again', 'who acts'],
      Object.values(tables).flatMap((errors) =>
        Object.entries(errors).map(([code, error]) => [
          `[\`${code}\`](#${code})`,
          String(error.exit),
          String(error.status),
          error.retry,
          actors[error.actor],
        ]),
      ),
    ),
    ...sections,
  ].join('\n\n')}\n`
}

function renderError([code, error]: [string, ErrorDefinition]): string {
  const facts = [
    `exit ${error.exit}`,
    `HTTP ${error.status}`,
    ...(error.oauthError === undefined ? [] : [`OAuth \`${error.oauthError}\``]),
    `try again: ${error.retry}`,
    `who acts: ${actors[error.actor]}`,
  ]
  return `### \`${code}\`\n\n**${error.title}.** ${error.remedy}\n\n${facts.join(' · ')}`
}
