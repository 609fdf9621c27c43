import { Agent, fetch as undiciFetch } from 'undici'
import { createTransport, type Transport } from '../imports/index.ts'
import type { Clock } from '../kernel/index.ts'

/** How calls leave this process: one pool of connections behind both forms. TLS is verified. */
export interface Outbound {
  readonly fetch: typeof globalThis.fetch
  readonly transport: Transport
  /** Ends every connection; what is in flight rejects. */
  close(): Promise<void>
}

/** Opens the way out. */
export function createOutbound(clock: Clock): Outbound {
  const dispatcher = new Agent({ connections: 16, keepAliveTimeout: 30_000 })
  return {
    // undici's own fetch, so that every outbound call shares one dispatcher.
    fetch: (input, init) => undiciFetch(input as string, { ...(init as object), dispatcher }),
    transport: createTransport(dispatcher, clock),
    close: () => dispatcher.destroy(),
  }
}
