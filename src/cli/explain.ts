import type { Command } from 'commander'
import { errorOf, explainUnverified, holds, type Explanation } from '../identity/index.ts'
import { EvergrantError, systemClock } from '../kernel/index.ts'
import { explainConfigured, explanationToJson } from '../server/index.ts'
import type { CliContext } from './context.ts'
import { argumentPath } from './io.ts'
import { formatFields, formatTable } from './table.ts'

interface ExplainOptions {
  readonly json?: boolean
  readonly config?: string
  readonly accounts: boolean
}

/** Longest claim shown in a table (characters); `--json` shows all of it. */
const longestShown = 80

/** `evergrant explain [TOKEN]` */
export function addExplainCommand(program: Command, { io, exitWith }: CliContext): void {
  program
    .command('explain [token]')
    .description('say what a token is, what stands in it and what each claim is good for')
    .option('--config <file>', 'judge it by the `issuers:` of that configuration')
    .option('--no-accounts', 'with --config: look nobody up in the store')
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      `
Without --config it asks nobody, and verifies nothing. With it, the token is judged as a live request
would be, by the same code: its issuer is asked for its keys, or about the token, and each stage says
how it went; each claim where it came from; each rule of \`match\` and \`access\` what became of it, and
which account that is. Where another configuration would have let the token in, it is printed, and
tried with the token itself where it finds an account. The account is looked up in the store, if there
is one; it is named here, and never to callers.

The token is best given on standard input, where no list of processes and no history of a shell shows it;
a "Bearer " before it is left out. Claims are printed as they stand in the token.

Exits with 0 when the token can be read, with --config when nothing speaks against its bearer: a store
that is not there, or that cannot be opened, is told in a remark; else with 3, or with 4 when the issuer,
its keys or groups are not to be had.

Examples:
  $ pbpaste | evergrant explain
  $ pbpaste | evergrant explain --config evergrant.yaml
  $ evergrant explain --config evergrant.yaml --no-accounts < token.txt
  $ evergrant explain --json < token.txt | jq .claims`,
    )
    .action(async (argument: string | undefined, options: ExplainOptions) => {
      const given = (argument ?? (await io.readInput())).trim().replace(/^Bearer\s+/i, '')
      if (given === '') {
        throw new EvergrantError('usage', 'there is no token: standard input is empty', {
          remedy: 'Pipe the access token in: `evergrant explain < token.txt`.',
        })
      }
      const explanation =
        options.config === undefined
          ? explainUnverified(given, systemClock.now())
          : await explainConfigured(given, {
              configPath: argumentPath(io, options.config),
              env: io.env,
              isAccountWanted: options.accounts,
            })
      io.out(
        options.json === true
          ? `${JSON.stringify(explanationToJson(explanation))}\n`
          : formatExplanation(explanation),
      )
      if (explanation.refusal === undefined) return
      const error = errorOf(explanation.refusal)
      // As JSON it has been told already.
      if (options.json === true) exitWith(error.definition.exit)
      else throw error
    })
}

function formatExplanation(explanation: Explanation): string {
  const { kind, stages, remarks } = explanation
  const parts: string[] = []
  if (kind !== undefined) parts.push(formatFields(factsOf(explanation)), '\n')
  parts.push(
    formatTable(
      ['STAGE', 'OUTCOME', 'WHAT'],
      stages.map(({ stage, outcome, what }) => [stage, outcome, what]),
    ),
    ...formatClaims(explanation),
    ...formatJudgement(explanation),
  )
  if (remarks.length > 0) parts.push('\n', ...remarks.map((remark) => `- ${remark}\n`))
  return parts.join('')
}

/** Which source a claim is of matters only where several were asked. */
function formatClaims({ claims, isJudged }: Explanation): readonly string[] {
  if (claims.length === 0) return []
  const head = ['CLAIM', 'VALUE', ...(isJudged ? ['SOURCE'] : []), 'GOOD FOR']
  const rows = claims.map(({ name, value, source, note }) => [
    name,
    shorten(value),
    ...(isJudged ? [source] : []),
    note ?? '',
  ])
  return ['\n', formatTable(head, rows)]
}

function formatJudgement({
  sources = [],
  rules = [],
  candidates = [],
  access = [],
  suggestion,
}: Explanation): readonly string[] {
  const parts: string[] = []
  const add = (head: readonly string[], rows: readonly (readonly string[])[]): void => {
    if (rows.length > 0) parts.push('\n', formatTable(head, rows))
  }
  add(
    ['ASKED', 'OUTCOME', 'WHAT'],
    sources.map(({ issuer, source, outcome, detail }) => [
      `${source} of ${issuer}`,
      outcome,
      detail,
    ]),
  )
  add(
    ['MATCH RULE', 'OUTCOME', 'BECAUSE'],
    rules.map(({ rule, outcome, because }) => [rule, outcome.replaceAll('_', ' '), because]),
  )
  add(
    ['COULD BE', 'TENANT', 'NAME'],
    candidates.map(({ id, tenantId, name }) => [id, tenantId, name ?? '']),
  )
  add(
    ['ACCESS RULE', 'APPLIES', 'BECAUSE'],
    access.map(({ rule, applies, because }) => [rule, applies ? 'yes' : 'no', because]),
  )
  if (suggestion === undefined) return parts
  const { because, yaml, isTried } = suggestion
  const tried = isTried ? ' (tried: it finds the account)' : ''
  return [...parts, `\nThis configuration would have worked${tried}. ${because}\n\n${yaml}\n`]
}

const kinds = {
  access: 'an access token',
  graph: 'an access token for Microsoft Graph',
  id_token: 'an ID token',
} as const

function factsOf(explanation: Explanation): readonly (readonly [string, string])[] {
  const { kind, claims } = explanation
  if (kind === undefined) return []
  const versions = { v1: 'Microsoft Entra ID, version 1', v2: 'Microsoft Entra ID, version 2' }
  const principals = { user: 'a user', application: 'an application', unknown: 'not told' }
  return [
    ['is', `${kinds[kind.kind]}: ${kind.because}`],
    ['of', kind.entra === undefined ? 'an issuer that is not Entra ID' : versions[kind.entra]],
    ['stands for', principals[kind.principal]],
    ['claims', String(claims.length)],
    ['verified', verifiedWords(explanation)],
    ...bearerFacts(explanation),
  ]
}

function verifiedWords(explanation: Explanation): string {
  const isHeld = holds(explanation)
  if (isHeld === undefined) return 'no: name a configuration with its issuer'
  if (!isHeld) return 'no: it was refused'
  return explanation.refusal === undefined ? 'yes: it holds' : 'yes, but its bearer is not let in'
}

function bearerFacts({
  account,
  role,
  connections,
  keys,
}: Explanation): readonly (readonly [string, string])[] {
  const facts: (readonly [string, string])[] = []
  if (account !== undefined) {
    const { kind, id, tenantId, name } = account
    const what = kind === 'user' ? 'user' : 'service principal'
    facts.push([
      'account',
      `${what} ${id} of tenant ${tenantId}${name === undefined ? '' : `, ${name}`}`,
    ])
  }
  if (connections !== undefined) {
    const calls = connections === '*' ? 'every connection' : connections.join(', ')
    facts.push(['may', `${role ?? 'no role'}${calls === '' ? '' : `, calls to ${calls}`}`])
  }
  if (keys !== undefined) {
    const { keyIds, fetchedAt, failure } = keys
    const fetched =
      fetchedAt === undefined ? 'never fetched' : `fetched ${new Date(fetchedAt).toISOString()}`
    const names = keyIds.map((id) => (id === '' ? '(one without a name)' : id)).join(', ')
    facts.push([
      'keys',
      [names || 'none', fetched, ...(failure === undefined ? [] : [failure])].join('; '),
    ])
  }
  return facts
}

function shorten(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const dated = typeof value === 'number' && value > 1e9 && value < 1e11
  const whole = dated ? `${text} (${new Date(value * 1_000).toISOString()})` : text
  return whole.length > longestShown ? `${whole.slice(0, longestShown)}…` : whole
}
