import { startServing, type Serving, type ServingOptions } from '../server/index.ts'
import type { CliIo } from './io.ts'

/** Starts the real service for a part of the demo, on a free port and with nobody reading its log. */
export function startDemoService(
  { env }: Pick<CliIo, 'env'>,
  configPath: string,
  options: Pick<ServingOptions, 'keepAlive' | 'onTrace'> = {},
): Promise<Serving> {
  return startServing({
    configPath,
    env,
    listen: { host: '127.0.0.1', port: 0 },
    logTo: { write: () => {} },
    ...options,
  })
}
