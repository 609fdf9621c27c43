import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** How a server is reached. */
export interface PostgresAddress {
  readonly port: number
  /** Of the superuser `postgres`. */
  readonly password: string
}

/** A server of one's own, to be stopped and started. */
export interface PostgresServer extends PostgresAddress {
  /** Ends every connection at once, as a fast shutdown does. */
  stop(): Promise<void>
  start(): Promise<void>
  /** Stops the server and removes all of it. */
  dispose(): Promise<void>
}

/**
 * Starts a server that ends with this process, however that ends.
 *
 * @param maxConnections Default 200.
 */
export async function startPostgres({
  maxConnections = 200,
}: { readonly maxConnections?: number } = {}): Promise<PostgresServer> {
  const keeper = spawn(
    process.execPath,
    [join(import.meta.dirname, 'postgres-keeper.ts'), String(maxConnections)],
    // In a group of its own, so that an interrupt meant for the tests lets it clean up.
    { detached: true, stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const gone = new Promise<void>((resolve) => keeper.once('exit', () => resolve()))
  const lines = createInterface({ input: keeper.stdout })[Symbol.asyncIterator]()
  const next = async <T>(): Promise<T> => {
    const line = await lines.next()
    const said = (line.done === true ? { error: 'ended' } : JSON.parse(line.value)) as {
      readonly error?: string
    }
    if (said.error !== undefined) throw new Error(`the PostgreSQL server: ${said.error}`)
    return said as T
  }
  const order = async (text: string): Promise<void> => {
    keeper.stdin.write(`${text}\n`)
    await next()
  }
  const address = await next<PostgresAddress>()
  return {
    ...address,
    stop: async () => await order('stop'),
    start: async () => await order('start'),
    dispose: async () => {
      keeper.stdin.end()
      await gone
    },
  }
}
