import type {
  ExchangeClaim,
  ExchangeCommit,
  ExchangeSuccess,
  SharedFailure,
  TokenSlotKey,
} from '../../src/grants/ports.ts'
import type { LogEntry } from '../../src/imports/execution-log.ts'
import type {
  CollectionRecord,
  PageCommit,
  PageRows,
  RunOptions,
  RunOwner,
  RunRecord,
  WalkRecord,
} from '../../src/imports/ports.ts'
import {
  Secret,
  createManualClock,
  type AccessToken,
  type ManualClock,
} from '../../src/kernel/index.ts'
import { createVault, readKey, type Vault, type VaultKey } from '../../src/vault/index.ts'
import type { Store, StoreRole } from '../../src/store/index.ts'

/** A database that several connections share, as several processes would. */
export interface SharedStore {
  /** Opens one more connection; over the ring of `k1` alone, unless told otherwise. */
  open(role?: StoreRole, vault?: Vault): Promise<Store>
  /** Runs a statement past the store; `TABLE.` stands for where its tables are. */
  execute(sql: string): Promise<void>
  /** Closes every connection and removes the database. */
  dispose(): Promise<void>
}

/** Makes an empty database; one for each kind of store runs the contract tests. */
export type MakeStore = () => Promise<SharedStore>

/** A clock that never makes anyone wait: sleeping moves it forward. */
export function createEagerClock(): ManualClock {
  const clock = createManualClock()
  return {
    ...clock,
    sleep: async (milliseconds) => {
      const slept = clock.sleep(milliseconds)
      await clock.advance(milliseconds)
      await slept
    },
  }
}

/** A vault over one key, told apart by `seed`. */
export function aVault(seed = 1): Vault {
  return createVault([aKey('k1', seed)])
}

/** A vault over keys of these ids, in that order; the same id is always the same key. */
export function aRing(...ids: readonly string[]): Vault {
  return createVault(ids.map((id) => aKey(id, Number(id.slice(1)))))
}

function aKey(id: string, seed: number): VaultKey {
  const bytes = Buffer.from(Array.from({ length: 32 }, (_, i) => (i * 7 + seed * 31) % 256))
  return readKey(id, new Secret(bytes.toString('base64')))
}

export const tenantId = '11111111-2222-3333-4444-555555555555'

export function aToken(text = 'token', over: Partial<AccessToken> = {}): AccessToken {
  return {
    secret: new Secret(text),
    tokenType: 'Bearer',
    issuedAt: 1_000,
    expiresAt: 3_601_000,
    ...over,
  }
}

export function aSlot(grantId: string, over: Partial<TokenSlotKey> = {}): TokenSlotKey {
  return { grantId, target: 'graph', credentialVersion: 'v1', ...over }
}

/** A claim of a first token for the application itself, at instant 10 for 15 s. */
export function aClaim(
  slot: TokenSlotKey,
  attemptId: string,
  over: Partial<ExchangeClaim> = {},
): ExchangeClaim {
  return {
    slot,
    slotVersion: 0,
    attemptId,
    owner: anOwner('one'),
    now: 10,
    leaseMs: 15_000,
    ...over,
  }
}

/** What a first exchange for the application itself brings. */
export function aSuccess(
  slot: TokenSlotKey,
  attemptId: string,
  over: Partial<ExchangeSuccess> = {},
): ExchangeSuccess {
  return { slot, attemptId, slotVersion: 0, token: aToken(), now: 20, ...over }
}

export function aFailure(over: Partial<SharedFailure> = {}): SharedFailure {
  return {
    code: 'provider_unavailable',
    detail: 'd',
    remedy: 'r',
    at: 30,
    retry: 'backoff',
    attempts: 1,
    ...over,
  }
}

/** Saves a token as one whole exchange does. */
export async function aSavedToken(
  store: Store,
  slot: TokenSlotKey,
  over: Partial<ExchangeSuccess> = {},
): Promise<ExchangeCommit> {
  const attemptId = `att_${crypto.randomUUID()}`
  const { slotVersion = 0, now = 20 } = over
  await store.grants.beginExchange(aClaim(slot, attemptId, { slotVersion, now }))
  return await store.grants.commitExchange(aSuccess(slot, attemptId, over))
}

export function anOwner(instanceId: string): RunOwner {
  return { bootId: 'boot', pidNamespace: 'ns', pid: 7, processStart: '42', instanceId }
}

export const options: RunOptions = {
  connection: 'contoso-graph',
  tenantId,
  graphUrl: 'https://graph.microsoft.com/v1.0',
  collections: ['users'],
  destination: 'store',
  columns: { users: ['id', 'displayName'] },
  pageSize: 999,
  refreshBeforeMs: 300_000,
  publish: 'complete',
}

/** Creates a run that must not be there yet. */
export async function aRun(
  store: Store,
  name = 'directory',
  instanceId = 'one',
): Promise<RunRecord> {
  const id = `run_${name}_${instanceId}_${crypto.randomUUID()}`
  const outcome = await store.runs.createRun(
    { id, name, options, owner: anOwner(instanceId) },
    1_000,
  )
  if (!outcome.created) throw new Error(`a run of "${name}" is there already`)
  return outcome.run
}

export interface SampleRow {
  readonly id: string
  readonly displayName: string
}

export function pageOf(rows: readonly SampleRow[]): PageRows {
  return {
    length: rows.length,
    ids: rows.map(({ id }) => id),
    json: (index) => JSON.stringify(rows[index]),
  }
}

export function rowsNamed(prefix: string, count: number): SampleRow[] {
  return Array.from({ length: count }, (_, i) => ({
    id: crypto.randomUUID(),
    displayName: `${prefix} ${i}`,
  }))
}

export function aWalk(run: RunRecord, over: Partial<WalkRecord> = {}): WalkRecord {
  const start = { collection: 'users', shard: 0, state: 'walking' } as const
  return { runId: run.id, ...start, pages: 0, rows: 0, restarts: 0, ...over }
}

export function aCollection(
  run: Pick<RunRecord, 'id'>,
  over: Partial<CollectionRecord> = {},
): CollectionRecord {
  return { runId: run.id, collection: 'users', writtenRows: 0, segmentBytes: 0, ...over }
}

export function aLine(detail: string): LogEntry {
  return { at: 1_234, level: 'info', body: { type: 'run_interrupted', detail } }
}

/** What a page of rows commits, for its run's owner. */
export function aPage(
  run: RunRecord,
  rows: readonly SampleRow[],
  over: Partial<PageCommit> = {},
): PageCommit {
  return {
    runId: run.id,
    instanceId: run.owner?.instanceId ?? '',
    now: 2_000,
    walks: [
      aWalk(run, { pages: 1, rows: rows.length, nextUrl: 'https://graph.microsoft.com/next' }),
    ],
    totals: { ...run.totals, rows: rows.length, pages: 1 },
    log: [],
    rows: { tenantId, kind: 'user', sequence: run.sequence, page: pageOf(rows) },
    ...over,
  }
}
