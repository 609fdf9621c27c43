import { request } from 'node:http'
import pg from 'pg'
import { inject } from 'vitest'
import { Secret } from '../../src/kernel/index.ts'
import { migratePostgresStore } from '../../src/store/index.ts'
import { aVault } from '../contract/builders.ts'
import type { PostgresAddress } from './postgres-server.ts'

/** A database of one's own. */
export interface TestDatabase {
  readonly url: string
  readonly password: () => Secret
  /** Runs a statement as the superuser. */
  query(sql: string): Promise<readonly Record<string, unknown>[]>
  /** Removes the database, whoever is still connected. */
  dispose(): Promise<void>
}

/** The server that all test files of a run share; started when the first one asks. */
export async function sharedPostgres(): Promise<PostgresAddress> {
  const socketPath = inject('postgresBroker')
  return await new Promise((resolve, reject) => {
    const asking = request({ socketPath, agent: false }, (answer) => {
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => (body += chunk))
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve(JSON.parse(body) as PostgresAddress)
        else reject(new Error(body))
      })
    })
    asking.on('error', reject)
    asking.end()
  })
}

/** Makes a database without any table. */
export async function emptyDatabase(server?: PostgresAddress): Promise<TestDatabase> {
  return await makeDatabase(server ?? (await sharedPostgres()), '')
}

/** Makes a database with the schema of this Evergrant, sealed by `aVault()`. */
export async function preparedDatabase(server?: PostgresAddress): Promise<TestDatabase> {
  const address = server ?? (await sharedPostgres())
  await asSuperuser(address, 'postgres', async (client) => {
    // One test file makes the template, the others wait for it.
    await client.query('SELECT pg_advisory_lock(1)')
    const { rowCount } = await client.query(`SELECT FROM pg_database WHERE datname = '${template}'`)
    if (rowCount !== 0) return
    await client.query(`CREATE DATABASE ${template}_making`)
    await migratePostgresStore({ ...accessTo(address, `${template}_making`), vault: aVault() })
    await client.query(`ALTER DATABASE ${template}_making RENAME TO ${template}`)
  })
  return await makeDatabase(address, `TEMPLATE ${template}`)
}

const template = 'evergrant_template'

async function makeDatabase(server: PostgresAddress, clause: string): Promise<TestDatabase> {
  const name = `evergrant_${crypto.randomUUID().replaceAll('-', '')}`
  const run = async (sql: string): Promise<void> => {
    await asSuperuser(server, 'postgres', async (client) => {
      await client.query(sql)
    })
  }
  // Copying files is four times faster than the default, which logs block by block.
  await run(`CREATE DATABASE ${name} ${clause} STRATEGY file_copy`)
  return {
    ...accessTo(server, name),
    query: async (sql) =>
      await asSuperuser(server, name, async (client) => {
        const { rows } = await client.query<Record<string, unknown>>(sql)
        return rows
      }),
    dispose: async () => await run(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  }
}

function accessTo(
  server: PostgresAddress,
  database: string,
): Pick<TestDatabase, 'url' | 'password'> {
  return {
    url: `postgres://postgres@127.0.0.1:${server.port}/${database}`,
    password: () => new Secret(server.password),
  }
}

async function asSuperuser<T>(
  { port, password }: PostgresAddress,
  database: string,
  use: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ host: '127.0.0.1', user: 'postgres', port, password, database })
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}
