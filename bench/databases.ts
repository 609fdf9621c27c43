import pg from 'pg'
import { startPostgres } from '../test/support/postgres-server.ts'
import { migrateStore } from '../src/server/index.ts'
import type { PostgresDatabase } from './workspace.ts'

/** The databases that Evergrant keeps its data in. */
export type DatabaseKind = 'SQLite' | 'PostgreSQL'

/** A PostgreSQL server of the benchmark's own. */
export interface DatabaseServer {
  /** Makes an empty database. */
  create(): Promise<PostgresDatabase>
}

/** Runs `use` with a server that is removed afterwards, whatever happens. */
export async function withPostgres<T>(use: (server: DatabaseServer) => Promise<T>): Promise<T> {
  const server = await startPostgres()
  let made = 0
  const addressOf = (name: string): string => `postgres://postgres@127.0.0.1:${server.port}/${name}`
  try {
    return await use({
      create: async () => {
        const { password } = server
        const name = `bench_${++made}`
        const { port } = server
        const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', password })
        await client.connect()
        try {
          await client.query(`CREATE DATABASE ${name}`)
        } finally {
          await client.end()
        }
        return { url: addressOf(name), password }
      },
    })
  } finally {
    await server.dispose()
  }
}

/** Brings the store of a configuration to the newest schema, as `evergrant migrate` does. */
export async function prepareStore(configPath: string): Promise<void> {
  await migrateStore({ configPath, env: {} })
}
