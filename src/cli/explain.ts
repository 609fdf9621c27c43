import type { Command } from 'commander'
import { errorOf, explainUnverified, type Explanation } from '../identity/index.ts'
import { EvergrantError, systemClock } from '../kernel/index.ts'
import { explainConfigured } from '../server/index.ts'
import type { CliContext } from './context.ts'
import { argumentPath } from './io.ts'
import { formatFields, formatTable } from './table.ts'

interface ExplainOptions {
  readonly json?: boolean
  readonly config?: string
}

/** Longest claim shown in a table (characters); `--json` shows all of it. */
const longestShown = 80

/** `evergrant explain [TOKEN]` */
export function addExplainCommand(program: Command, { io, exitWith }: CliContext): void {
  program
    .command('explain [token]')
    .description('say what a token is, what stands in it and what each claim is good for')
    .option('--config <file>', 'judge it by the `issuers:` of that configuration')
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      `
Without --config it asks nobody, and verifies nothing. With it, the token is judged as a live request
would be, by the same code: its issuer is asked for its keys, and each stage says how it went. The
token is best given on standard input, where no list of processes and no history of a shell shows it;
a "Bearer " before it is left out. Claims are printed as they stand in the token.

Exits with 0 when the token can be read, with --config when it holds; else with 3, or with 4 when
the keys of its issuer are not to be had.

Examples:
  $ pbpaste | evergrant explain
  $ pbpaste | evergrant explain --config evergrant.yaml
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
            })
      io.out(
        options.json === true
          ? `${JSON.stringify(toJson(explanation))}\n`
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
  const { kind, stages, claims, remarks } = explanation
  const parts: string[] = []
  if (kind !== undefined) parts.push(formatFields(factsOf(explanation)), '\n')
  parts.push(
    formatTable(
      ['STAGE', 'OUTCOME', 'WHAT'],
      stages.map(({ stage, outcome, what }) => [stage, outcome, what]),
    ),
  )
  if (claims.length > 0) {
    parts.push(
      '\n',
      formatTable(
        ['CLAIM', 'VALUE', 'GOOD FOR'],
        claims.map(({ name, value, note }) => [name, shorten(value), note ?? '']),
      ),
    )
  }
  if (remarks.length > 0) parts.push('\n', ...remarks.map((remark) => `- ${remark}\n`))
  return parts.join('')
}

const kinds = {
  access: 'an access token',
  graph: 'an access token for Microsoft Graph',
  id_token: 'an ID token',
} as const

function factsOf({
  kind,
  claims,
  isJudged,
  refusal,
}: Explanation): readonly (readonly [string, string])[] {
  if (kind === undefined) return []
  const versions = { v1: 'Microsoft Entra ID, version 1', v2: 'Microsoft Entra ID, version 2' }
  const principals = { user: 'a user', application: 'an application', unknown: 'not told' }
  return [
    ['is', `${kinds[kind.kind]}: ${kind.because}`],
    ['of', kind.entra === undefined ? 'an issuer that is not Entra ID' : versions[kind.entra]],
    ['stands for', principals[kind.principal]],
    ['claims', String(claims.length)],
    [
      'verified',
      isJudged
        ? refusal === undefined
          ? 'yes: it holds'
          : 'no: it was refused'
        : 'no: name a configuration with its issuer',
    ],
  ]
}

function shorten(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const dated = typeof value === 'number' && value > 1e9 && value < 1e11
  const whole = dated ? `${text} (${new Date(value * 1_000).toISOString()})` : text
  return whole.length > longestShown ? `${whole.slice(0, longestShown)}…` : whole
}

function toJson({ kind, stages, header, claims, ...more }: Explanation): object {
  return {
    verified: more.isJudged ? more.refusal === undefined : null,
    refusal:
      more.refusal === undefined ? null : { ...more.refusal, remedy: errorOf(more.refusal).remedy },
    kind: kind?.kind ?? null,
    principal: kind?.principal ?? null,
    entra: kind?.entra ?? null,
    because: kind?.because ?? null,
    header: header ?? null,
    stages,
    claims: claims.map(({ name, value, quality, note }) => ({
      name,
      value,
      source: 'token',
      quality: quality ?? null,
      note: note ?? null,
    })),
    lacking_in_userinfo: more.lackingInUserInfo,
    remarks: more.remarks,
  }
}
