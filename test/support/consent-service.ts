import { once } from 'node:events'
import { appendFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createClient, type Client } from '../../src/client/index.ts'
import { startServing, type Serving, type ServingOptions } from '../../src/server/index.ts'
import { makeConsentWorld, type ConsentWorld, type ConsentWorldOptions } from './consent-world.ts'

/** A running service over the tenant of a consent world. */
export interface ConsentService {
  readonly world: ConsentWorld
  readonly serving: Serving
  /** Where browsers see it. */
  readonly url: string
  /** Everything it has logged so far, as text. */
  log(): string
  /** A client with the key of a new caller. */
  client(role: 'viewer' | 'operator' | 'admin'): Promise<Client>
  /** Resolves with the first event of that type, from now on. */
  event(type: string): Promise<Readonly<Record<string, unknown>>>
  close(): Promise<void>
}

/** Starts the service in this process, at the address that its configuration names. */
export async function startConsentService(
  options: Partial<ServingOptions> = {},
  of: ConsentWorldOptions = {},
): Promise<ConsentService> {
  const world = await makeConsentWorld(of)
  const port = await freePort()
  const url = `http://localhost:${port}`
  await appendFile(
    world.configPath,
    `server: { listen: "127.0.0.1:${port}", publicUrl: "${url}" }\n`,
  )
  const lines: string[] = []
  const serving = await startServing({
    configPath: world.configPath,
    env: {},
    keepAlive: false,
    logTo: { write: (line) => void lines.push(line) },
    ...options,
  })
  return {
    world,
    serving,
    url,
    log: () => lines.join(''),
    client: async (role) => {
      const name = `${role}-${crypto.randomUUID().slice(0, 8)}`
      const { key } = await serving.callerDesk.add({ name, role, connections: '*' })
      return createClient({ url, key: key.reveal() })
    },
    event: async (type) => {
      const seen = Promise.withResolvers<Readonly<Record<string, unknown>>>()
      const stop = serving.composition.events.on((event) => {
        if (event.type === type) seen.resolve({ ...event })
      })
      return await seen.promise.finally(stop)
    },
    close: async () => {
      await serving.close(0)
      await world.close()
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
