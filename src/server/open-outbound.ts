import type { Config, SecretReader } from '../config/index.ts'
import { EvergrantError, type Clock } from '../kernel/index.ts'
import { createOutbound, type Outbound } from './outbound.ts'

/** What the way out is opened with. */
export interface OpenOutboundOptions {
  readonly secrets: SecretReader
  readonly clock: Clock
  readonly env: Readonly<Record<string, string | undefined>>
  readonly readFile: (path: string) => Promise<Uint8Array>
}

/**
 * Opens the way out as `network` of the configuration says. @throws EvergrantError `config_invalid`
 * for a certificate file that cannot be read, `secret_unavailable` for the proxy’s password
 */
export async function openOutbound(
  { network }: Config,
  { secrets, clock, env, readFile }: OpenOutboundOptions,
): Promise<Outbound> {
  const ca: string[] = []
  for (const [position, path] of network.ca.entries()) {
    ca.push(await readCertificates(path, position, readFile))
  }
  const nameOfCa = (position: number): string => `"${network.ca[position]}"`
  const { proxy } = network
  if (typeof proxy === 'string') return createOutbound({ clock, proxy, ca, nameOfCa, env })
  const password =
    proxy.password === undefined
      ? {}
      : { password: await secrets.read(proxy.password, 'network.proxy.password') }
  return createOutbound({ clock, proxy: { url: proxy.url, ...password }, ca, nameOfCa, env })
}

async function readCertificates(
  path: string,
  position: number,
  readFile: OpenOutboundOptions['readFile'],
): Promise<string> {
  try {
    return new TextDecoder().decode(await readFile(path))
  } catch (error) {
    throw new EvergrantError(
      'config_invalid',
      `"network.ca[${position}]": expected certificates in PEM in "${path}", but the file cannot be read`,
      {
        cause: error,
        remedy: 'Name a file that this user may read; `evergrant doctor` tells when it is right.',
      },
    )
  }
}
