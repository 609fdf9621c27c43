import { readFile } from 'node:fs/promises'
import { loadConfig, type Config, type SecretReader } from '../config/index.ts'
import { isEvergrantError, type EvergrantError } from '../kernel/index.ts'
import {
  compareConfigured,
  compareRefusals,
  recentRefusals,
  type RecentRefusal,
  type RefusalComparison,
  type Resolution,
  type SubjectComparison,
} from '../server/index.ts'
import type { VaultKey } from '../vault/index.ts'
import type { CliContext } from './context.ts'
import { argumentPath, type CliIo } from './io.ts'
import { formatError } from './report-error.ts'

/** What the help says of `--against`: precisely what is counted. */
export const againstHelp = `With --against NEW.yaml the two files are compared over the accounts in the store of the first: for
each tenant or server whose tokens either accepts, and each of its accounts, whom a caller with that
account would be found to be by the rules of the one and of the other, and how many of them differ:
  found              the account, and no other one
  another account    exactly one, which is not the caller’s
  ambiguous          several accounts
  unmatched          no account has what the claims say
  claim missing      the caller has no rule’s claims all
  no account needed  the issuer has match: []
  not accepted       no issuer accepts tokens of that tenant or server
A caller’s claims are those that Entra ID makes of the directory (oid: id; upn, unique_name and
preferred_username: userPrincipalName; email: mail; name, given_name, family_name; appid and azp of
applications: appId); of others, the column that the rules of the first file compare, else that of
the new one; an empty property is a missing claim. Audiences, permissions and access are not counted.

Where a key for the running service is given (EVERGRANT_KEY or --key-file, role operator), its last
hundred refusals are compared as well, by issuer and code. One counts as judged otherwise when its
issuer or its audience is accepted by the new file, or when that changes what the refusing stage looks
at: claims and match (mapping), claims and their sources (claim_source, token_kind), scopes (scope),
skew and longestLife (time), authority, cloud and issuer (key, signature). Nothing is kept of a token
by which later stages could be judged.`

export interface AgainstOptions {
  readonly url?: string
  readonly keyFile?: string
  readonly json?: boolean
  readonly strict?: boolean
}

/** `evergrant config check --against NEW.yaml` */
export async function checkAgainstFile(
  { io, exitWith }: CliContext,
  running: Config,
  file: string,
  world: { readonly keys: readonly VaultKey[]; readonly secrets: SecretReader },
  options: AgainstOptions,
): Promise<void> {
  const { json, strict } = options
  const next = await loadConfig(argumentPath(io, file), { readFile, workingDirectory: io.cwd })
  const compared = await compareConfigured(running, next, world)
  const asked = await askRefusals(io, running, options)
  // What the directory shows is told although the service did not answer.
  const failure = isEvergrantError(asked) ? asked : undefined
  const refusals =
    asked === undefined || isEvergrantError(asked)
      ? undefined
      : compareRefusals(running, next, asked)
  if (json === true) {
    const result = {
      file: running.file,
      against: next.file,
      issuers: compared.map(toJson),
      refusals: refusals?.map(refusalToJson) ?? null,
      problem: failure?.toProblem() ?? null,
    }
    io.out(`${JSON.stringify(result)}\n`)
  } else {
    io.out(`${running.file} against ${next.file}\n`)
    if (compared.length === 0) io.out('neither accepts tokens of callers\n')
    for (const one of compared) io.out(formatComparison(one))
    if (failure === undefined) io.out(formatRefusals(refusals))
    else io.note(formatError(failure))
  }
  if (failure !== undefined) return exitWith(failure.definition.exit)
  const isLost = compared.some(({ changes }) => changes.some(({ from }) => from === 'found'))
  if (strict === true && isLost) exitWith(2)
}

/** Undefined where no key was given; why there was no answer. */
async function askRefusals(
  io: CliIo,
  running: Config,
  { url = running.server.publicUrl, keyFile }: AgainstOptions,
): Promise<readonly RecentRefusal[] | EvergrantError | undefined> {
  if (keyFile === undefined && (io.env['EVERGRANT_KEY'] ?? '') === '') return undefined
  try {
    return await recentRefusals({
      config: running,
      env: io.env,
      url,
      key: keyFile === undefined ? { env: 'EVERGRANT_KEY' } : { file: argumentPath(io, keyFile) },
      keyAskedBy: keyFile === undefined ? 'EVERGRANT_KEY' : '--key-file',
    })
  } catch (error) {
    if (isEvergrantError(error)) return error
    throw error
  }
}

function formatRefusals(refusals: readonly RefusalComparison[] | undefined): string {
  if (refusals === undefined) {
    return '\nrecent refusals: not asked for; --key-file FILE asks the running service\n'
  }
  const count = refusals.reduce((sum, one) => sum + one.refusals, 0)
  const otherwise = refusals.reduce((sum, one) => sum + one.otherwise, 0)
  return `\nrecent refusals: ${count}, ${otherwise} of them judged otherwise\n${refusals
    .map(
      ({ issuer, stage, code, refusals: all, otherwise: some, because }) =>
        `${line(all, `${issuer ?? 'unknown issuer'}, ${stage}: ${code}`)}${some === 0 ? '' : `; ${some} otherwise: ${because.join('; ')}`}\n`,
    )
    .join('')}`
}

function refusalToJson({ issuer, ...one }: RefusalComparison): object {
  return { issuer: issuer ?? null, ...one }
}

const words: Readonly<Record<Resolution, string>> = {
  found: 'found',
  another_account: 'another account',
  ambiguous: 'ambiguous',
  unmatched: 'unmatched',
  claim_missing: 'claim missing',
  no_account_needed: 'no account needed',
  not_accepted: 'not accepted',
}

function formatComparison(one: SubjectComparison): string {
  const changed = one.changes.reduce((sum, { accounts }) => sum + accounts, 0)
  const lines = [
    `\n${nameOf(one)}: ${counted(one.accounts)} account${one.accounts === 1 ? '' : 's'}, ${counted(changed)} of them otherwise`,
    ...Object.entries(one.unchanged).map(([key, amount]) =>
      line(amount, `as before: ${words[key as Resolution]}`),
    ),
    ...one.changes.flatMap(({ from, to, accounts, examples }) => [
      line(accounts, `${words[from]} → ${words[to]}`),
      ...examples.map(({ tenantId, id }) => `${' '.repeat(14)}such as ${tenantId}/${id}`),
    ]),
  ]
  return `${lines.join('\n')}\n`
}

const line = (amount: number, text: string): string => `${counted(amount).padStart(12)}  ${text}`

function nameOf({ running, next, tenantId }: SubjectComparison): string {
  const name =
    running === undefined
      ? `${next ?? ''} (new)`
      : next === undefined
        ? `${running} (gone)`
        : running === next
          ? running
          : `${running} → ${next}`
  return tenantId === undefined ? name : `${name}, tenant ${tenantId}`
}

const counted = (amount: number): string => amount.toLocaleString('en-US')

function toJson({
  running,
  next,
  tenantId,
  accounts,
  unchanged,
  changes,
}: SubjectComparison): object {
  return {
    running: running ?? null,
    against: next ?? null,
    tenant: tenantId ?? null,
    accounts,
    unchanged,
    changes: changes.map(({ examples, ...change }) => ({
      ...change,
      examples: examples.map((one) => ({ tenant: one.tenantId, kind: one.kind, id: one.id })),
    })),
  }
}
