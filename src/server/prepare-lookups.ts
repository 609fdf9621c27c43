import { Worker } from 'node:worker_threads'
import type { Config } from '../config/index.ts'
import { searchLookups, type AccountStore, type LookupColumn } from '../directory/index.ts'
import { EvergrantError, type ErrorCode } from '../kernel/index.ts'
import type { Store, StoreRole } from '../store/index.ts'

/** Sources run as TypeScript, the published package as JavaScript. */
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'

/** What a lookup worker is given. */
export interface LookupOrder {
  readonly config: Config
  readonly env: Readonly<Record<string, string | undefined>>
  readonly role: StoreRole
  readonly columns: readonly LookupColumn[]
}

/** What it says when it could not work; else nothing. */
export interface LookupFailure {
  readonly code: ErrorCode
  readonly detail: string
  readonly remedy: string
}

/** What lookups are prepared with. */
export interface PrepareOptions {
  readonly store: Pick<Store, 'kind'> & {
    readonly accounts: Pick<AccountStore, 'hasLookup' | 'prepareLookups'>
  }
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * Makes every look-up of accounts a point look-up that the rules of a configuration’s issuers, or a
 * search of accounts, asks for. Resolves once they are; with one indexed read where they were
 * already. Over many accounts that takes seconds, in a thread of its own.
 *
 * @returns The columns that were prepared now
 * @throws EvergrantError `store_*`
 */
export async function prepareLookups(
  config: Config,
  { store, env }: PrepareOptions,
): Promise<readonly LookupColumn[]> {
  const missing: LookupColumn[] = []
  for (const column of wantedLookups(config)) {
    if (!(await store.accounts.hasLookup(column))) missing.push(column)
  }
  if (missing.length === 0) return missing
  const role = store.kind === 'sqlite' ? 'bulk' : 'main'
  await runWorker({ config, env, role, columns: missing })
  return missing
}

/** Columns that rules match by, each once; none where nobody’s tokens are accepted. */
export function wantedLookups({ issuers }: Config): readonly LookupColumn[] {
  const rules = Object.values(issuers).flatMap(({ match }) => match)
  if (rules.length === 0) return []
  // One look-up by a column serves every kind of account.
  const ofRules = rules.flatMap(({ pairs }) =>
    pairs.map(({ column, ignoreCase }): LookupColumn => ({
      kind: 'user',
      column,
      compare: ignoreCase ? 'lower' : 'exact',
    })),
  )
  const byName = new Map(
    [...ofRules, ...searchLookups].map((one) => [`${one.column} ${one.compare}`, one]),
  )
  return [...byName.values()]
}

async function runWorker(order: LookupOrder): Promise<void> {
  const worker = new Worker(new URL(`./lookup-worker.${extension}`, import.meta.url), {
    workerData: { ...order, env: { ...order.env } },
  })
  let failure: LookupFailure | undefined
  await new Promise<void>((resolve, reject) => {
    worker.on('message', (message: LookupFailure) => {
      failure = message
    })
    worker.on('error', reject)
    worker.on('exit', () => resolve())
  })
  if (failure === undefined) return
  throw new EvergrantError(failure.code, failure.detail, { remedy: failure.remedy })
}
