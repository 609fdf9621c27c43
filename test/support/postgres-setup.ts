import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startPostgres, type PostgresServer } from './postgres-server.ts'
import { removeStaleFolders } from './stale-folders.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Socket of the process that starts the run's one PostgreSQL server when it is first asked. */
    postgresBroker: string
  }
}

interface Broker {
  readonly path: string
  readonly server: Server
  readonly folder: string
  users: number
  postgres?: Promise<PostgresServer>
}

const shared = globalThis as { evergrantPostgresBroker?: Promise<Broker> }

/**
 * Offers one PostgreSQL server to a whole run, whatever number of projects it has. The server is
 * started when the first test asks for it, and is gone when the run is over, also when it is
 * killed.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  shared.evergrantPostgresBroker ??= openBroker()
  const broker = await shared.evergrantPostgresBroker
  broker.users += 1
  project.provide('postgresBroker', broker.path)
  return async () => {
    broker.users -= 1
    if (broker.users > 0) return
    delete shared.evergrantPostgresBroker
    broker.server.close()
    await (await broker.postgres)?.dispose()
    rmSync(broker.folder, { recursive: true, force: true })
  }
}

async function openBroker(): Promise<Broker> {
  removeStaleFolders('evergrant-broker')
  const folder = mkdtempSync(join(tmpdir(), `evergrant-broker-${process.pid}-`))
  const path = join(folder, 'socket')
  const server = createServer((_, response) => {
    broker.postgres ??= startPostgres()
    broker.postgres.then(
      ({ port, password }) => response.end(JSON.stringify({ port, password })),
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  })
  const broker: Broker = { path, server, folder, users: 0 }
  await new Promise<void>((resolve) => server.listen(path, resolve))
  server.unref()
  return broker
}
