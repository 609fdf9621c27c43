import { spawnSync } from 'node:child_process'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  aClaim,
  aPage,
  aRun,
  aSlot,
  aSuccess,
  aVault,
  rowsNamed,
  tenantId,
} from '../../../test/contract/builders.ts'
import { startPostgres, type PostgresServer } from '../../../test/support/postgres-server.ts'
import { preparedDatabase, type TestDatabase } from '../../../test/support/postgres.ts'
import { createManualClock, systemClock } from '../../kernel/index.ts'
import { openPostgresStore } from '../index.ts'
import type { GenerationChange, Store } from '../store.ts'
import type { OpenPostgresStoreOptions } from './open.ts'

const maxConnections = 30
let server: PostgresServer
let database: TestDatabase
const opened: (() => Promise<void>)[] = []
const open = async (over: Partial<OpenPostgresStoreOptions> = {}): Promise<Store> => {
  const { url, password } = database
  const common = { url, password, vault: aVault(), clock: systemClock, role: 'main' } as const
  const store = await openPostgresStore({ ...common, ...over })
  opened.push(store.close)
  return store
}
const connect = async (): Promise<pg.Client> => {
  const client = new pg.Client({
    host: '127.0.0.1',
    port: server.port,
    user: 'postgres',
    password: server.password,
    database: database.url.split('/').at(-1) ?? '',
  })
  client.on('error', () => {})
  await client.connect()
  const end = client.end.bind(client)
  let ending: Promise<void> | undefined
  client.end = async () => await (ending ??= end())
  opened.push(async () => await client.end())
  return client
}
const address = { connection: 'c', tenant: 't' }

beforeAll(async () => {
  server = await startPostgres({ maxConnections })
})
afterAll(async () => await server.dispose())
const prepare = async (): Promise<void> => {
  database = await preparedDatabase(server)
}
afterEach(async () => {
  for (const end of opened.splice(0)) await end()
  await database.dispose()
})

/** Ends every connection of a store, as a restart of the server does. */
const endConnections = `
  import pg from 'pg'
  const { PORT: port, SERVER_PASSWORD: password } = process.env
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', password, database: 'postgres' })
  await client.connect()
  await client.query("SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE application_name LIKE 'evergrant%'")
  await client.end()`

describe('a server that stops', () => {
  it('is store_unavailable at once, and the same store goes on when it is back', async () => {
    await prepare()
    const store = await open()
    const { id } = await store.grants.ensureGrant(address, 1)
    const seen: GenerationChange[] = []
    store.watchGenerations((change) => seen.push(change))
    // Several connections of the pool, all of which will be dead.
    await Promise.all(Array.from({ length: 6 }, async () => await store.grants.getGrant(id)))
    await server.stop()
    const before = performance.now()
    await expect(store.grants.getGrant(id)).rejects.toMatchObject({ code: 'store_unavailable' })
    await expect(store.grants.beginExchange(aClaim(aSlot(id), 'x'))).rejects.toMatchObject({
      code: 'store_unavailable',
    })
    expect(performance.now() - before).toBeLessThan(3_000)
    expect(store.clock.now()).toBeGreaterThan(0)
    await server.start()
    expect((await store.grants.getGrant(id))?.id).toBe(id)
    expect((await store.grants.beginExchange(aClaim(aSlot(id), 'x'))).kind).toBe('begun')
    const other = await open()
    await other.grants.setGrantState(id, 'active', 5)
    await vi.waitFor(() => expect(seen.flatMap(({ topics }) => topics)).toContain('grants'))
  })

  it('or stands still is not waited for by whoever closes the store', async () => {
    await prepare()
    const clock = createManualClock()
    const store = await open({ clock })
    store.watchGenerations(() => {})
    const pids = `SELECT pid FROM pg_stat_activity
      WHERE datname = current_database() AND application_name LIKE 'evergrant%'`
    await vi.waitFor(async () => expect(await database.query(pids)).toHaveLength(2))
    const stopped = (await database.query(pids)).map(({ pid }) => Number(pid))
    for (const pid of stopped) process.kill(pid, 'SIGSTOP')
    try {
      let isClosed = false
      const closing = store.close().finally(() => {
        isClosed = true
      })
      await vi.waitFor(async () => {
        await clock.advance(500)
        expect(isClosed).toBe(true)
      })
      await closing
    } finally {
      for (const pid of stopped) process.kill(pid, 'SIGCONT')
    }
  })

  it('may stop and start unnoticed between two calls', async () => {
    await prepare()
    const store = await open()
    const { id } = await store.grants.ensureGrant(address, 1)
    await Promise.all(Array.from({ length: 8 }, async () => await store.grants.getGrant(id)))
    await server.stop()
    await server.start()
    const calls = Array.from({ length: 20 }, async (_, i) => {
      await store.grants.scheduleKeepAlive(id, i)
    })
    await expect(Promise.all(calls)).resolves.toHaveLength(20)
  })

  it('may have ended every connection before this process could notice', async () => {
    await prepare()
    const store = await open()
    const { id } = await store.grants.ensureGrant(address, 1)
    await Promise.all(Array.from({ length: 8 }, async () => await store.grants.getGrant(id)))
    // Another process does it while this one stands still.
    spawnSync(process.execPath, ['--input-type=module', '-e', endConnections], {
      cwd: import.meta.dirname,
      env: { ...process.env, PORT: String(server.port), SERVER_PASSWORD: server.password },
    })
    await store.grants.scheduleKeepAlive(id, 7)
    expect((await store.grants.getGrant(id))?.keepAliveAt).toBe(7)
  })

  it('leaves a page whole or not at all, and a run that can go on', async () => {
    await prepare()
    const store = await open({ role: 'bulk' })
    const run = await aRun(store)
    let committed = 0
    const importing = (async () => {
      for (;;) {
        await store.runs.commitPage(aPage(run, rowsNamed('a', 200)))
        committed += 1
      }
    })()
    const failure = importing.catch((error: unknown) => error)
    await vi.waitFor(() => expect(committed).toBeGreaterThan(3), 20_000)
    await server.stop()
    expect(await failure).toMatchObject({ code: 'store_unavailable' })
    await server.start()
    const count = await store.directory.countObjects(tenantId, 'user')
    // The commit that was under way may have come through.
    expect([committed * 200, (committed + 1) * 200]).toContain(count)
    expect(await store.runs.countSeen(tenantId, 'user', run.sequence)).toBe(count)
    await store.runs.commitPage(aPage(run, rowsNamed('a', 200)))
  })
})

describe('a server that takes no more connections', () => {
  /** Takes every connection there is; those of tests before may still be going. */
  const crowd = async (): Promise<pg.Client[]> => {
    const clients: pg.Client[] = []
    while (clients.length < maxConnections) {
      const connected = await connect().catch(() => undefined)
      if (connected !== undefined) clients.push(connected)
    }
    return clients
  }

  it('is refused with what to do about it', async () => {
    await prepare()
    const clients = await crowd()
    const refusal = await open({ busyDeadlineMs: 200 }).catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'store_unavailable' })
    expect(String(refusal)).toContain('53300')
    expect((refusal as { readonly remedy: string }).remedy).toContain('max_connections')
    await Promise.all(clients.map(async (client) => await client.end()))
  })

  it('is waited for when a connection becomes free in time', async () => {
    await prepare()
    const clients = await crowd()
    const opening = open({ busyDeadlineMs: 10_000 })
    await Promise.all(clients.map(async (client) => await client.end()))
    await expect(opening).resolves.toBeDefined()
  })
})

describe('a row that another transaction keeps locked', () => {
  it('is store_busy after the deadline, and nothing has changed', async () => {
    await prepare()
    const store = await open({ busyDeadlineMs: 300 })
    const { id } = await store.grants.ensureGrant(address, 1)
    const other = await connect()
    await other.query('BEGIN')
    await other.query('SELECT FROM evergrant.grants FOR UPDATE')
    await expect(store.grants.setGrantState(id, 'active', 2)).rejects.toMatchObject({
      code: 'store_busy',
    })
    // Reading waits for nobody.
    expect((await store.grants.getGrant(id))?.state).toBe('pending')
    await other.query('ROLLBACK')
    await store.grants.setGrantState(id, 'active', 2)
  })
})

describe('a server that became a standby', () => {
  it('is store_unavailable for writes, and the store goes on when it may write again', async () => {
    await prepare()
    const store = await open()
    const { id } = await store.grants.ensureGrant(address, 1)
    const name = database.url.split('/').at(-1) ?? ''
    const hangUp = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`
    // What one server alone can do: every new connection may only read.
    await database.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`)
    await database.query(hangUp)
    const refusal = await store.grants
      .setGrantState(id, 'active', 2)
      .catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'store_unavailable' })
    expect(String(refusal)).toContain('standby')
    expect((await store.grants.getGrant(id))?.state).toBe('pending')
    const reset = `ALTER DATABASE ${name} RESET default_transaction_read_only`
    await database.query(`BEGIN READ WRITE; ${reset}; COMMIT`)
    // Whatever connection was refused a write is not asked again.
    await vi.waitFor(async () => await store.grants.setGrantState(id, 'active', 2))
    expect((await store.grants.getGrant(id))?.state).toBe('active')
  })
})

describe('the key that seals', () => {
  const lock = 'pg_advisory_xact_lock'
  const sealingLock = 0x45_76_47_73
  const held = async (name: string): Promise<pg.Client> => {
    const other = await connect()
    await other.query(`BEGIN; SELECT ${name}(${sealingLock})`)
    return other
  }

  it('is not changed while a transaction seals', async () => {
    await prepare()
    const store = await open({ busyDeadlineMs: 200 })
    const sealing = await held(`${lock}_shared`)
    const busy = { code: 'store_busy' }
    await expect(store.keys.setSealingKey('k1')).rejects.toMatchObject(busy)
    await expect(store.keys.forgetKey('k0')).rejects.toMatchObject(busy)
    await sealing.end()
    await store.keys.setSealingKey('k1')
  })

  it('seals nothing while it is being changed', async () => {
    await prepare()
    const store = await open({ busyDeadlineMs: 200 })
    const { id } = await store.grants.ensureGrant(address, 1)
    await store.grants.beginExchange(aClaim(aSlot(id), 'one'))
    const changing = await held(lock)
    const committing = store.grants.commitExchange(aSuccess(aSlot(id), 'one'))
    await expect(committing).rejects.toMatchObject({ code: 'store_busy' })
    await changing.end()
    const commit = await store.grants.commitExchange(aSuccess(aSlot(id), 'one'))
    expect(commit.token).toBe('saved')
  })
})

describe('transactions that meet', () => {
  it('are all done, whatever their order, and counted in the generations', async () => {
    await prepare()
    const [one, two] = [await open(), await open()]
    const tenants = ['a', 'b', 'c']
    await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        const store = i % 2 === 0 ? one : two
        const grant = await store.grants.ensureGrant(
          { connection: 'c', tenant: tenants[i % 3] ?? '' },
          1,
        )
        const slot = aSlot(grant.id)
        const begun = await store.grants.beginExchange(aClaim(slot, `${i}`))
        if (begun.kind === 'begun') await store.grants.commitExchange(aSuccess(slot, `${i}`))
        await store.grants.scheduleKeepAlive(grant.id, i)
      }),
    )
    const { grants, slots } = await one.readGenerations()
    expect(grants).toBe(6)
    expect(slots).toBeGreaterThanOrEqual(60 + 6)
  })
})

describe('a token', () => {
  it('stands nowhere in the database as it is', async () => {
    await prepare()
    const store = await open()
    const { id } = await store.grants.ensureGrant(address, 1)
    const success = aSuccess(aSlot(id), 'one')
    await store.grants.beginExchange(aClaim(aSlot(id), 'one'))
    await store.grants.commitExchange(success)
    const rows = await database.query(
      `SELECT sealed_token::text || coalesce(scope, '') AS text FROM evergrant.token_slots`,
    )
    const secret = success.token.secret.reveal()
    expect(rows).toHaveLength(1)
    expect(Buffer.from(String(rows[0]?.['text']).slice(2), 'hex').includes(secret)).toBe(false)
  })

  it('does not open in a slot it was not sealed for', async () => {
    await prepare()
    const store = await open()
    const { id } = await store.grants.ensureGrant(address, 1)
    const success = aSuccess(aSlot(id), 'one')
    await store.grants.beginExchange(aClaim(aSlot(id), 'one'))
    await store.grants.commitExchange(success)
    await database.query(`UPDATE evergrant.token_slots SET target = 'arm'`)
    const moved = store.grants.readSlot({ ...aSlot(id), target: 'arm' })
    await expect(moved).rejects.toMatchObject({ code: 'unseal_failed' })
  })
})
