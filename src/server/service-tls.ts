import { readFile } from 'node:fs/promises'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import type { SecretReader, ServerConfig } from '../config/index.ts'
import { EvergrantError, isEvergrantError } from '../kernel/index.ts'

/**
 * Reads certificate and key of the service, and proves that they belong together.
 *
 * @throws EvergrantError `tls_invalid`
 */
export async function readServiceTls(
  { cert, key }: NonNullable<ServerConfig['tls']>,
  secrets: SecretReader,
): Promise<SecureContextOptions> {
  try {
    const options: SecureContextOptions = {
      cert: await readFile(cert, 'utf8'),
      key: (await secrets.read(key, 'server.tls.key')).reveal(),
      minVersion: 'TLSv1.2',
    }
    createSecureContext(options)
    return options
  } catch (error) {
    const why = isEvergrantError(error) ? error.detail : (error as NodeJS.ErrnoException).code
    throw new EvergrantError(
      'tls_invalid',
      `"server.tls": expected a certificate and its key, but ${why ?? 'they cannot be read'}`,
      { cause: error },
    )
  }
}
