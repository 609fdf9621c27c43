import { EvergrantError, isEvergrantError, type Secret } from '../kernel/index.ts'
import {
  clientSecretBasic,
  clientSecretPost,
  fingerprintCredentials,
  type ClientAuthentication,
} from '../oauth/index.ts'
import type { ClientCredential, ConnectionDefinition } from './connection.ts'

/** The readable credentials of a client, in order, and the name of this version of them. */
export interface LoadedCredentials {
  readonly version: string
  readonly proofs: readonly {
    readonly position: number
    readonly authentication: ClientAuthentication
  }[]
}

/**
 * Reads every credential of a connection. One that cannot be read is passed over while another can.
 *
 * @throws `secret_unavailable`, or what else the first reader threw, when none can be read.
 */
export async function loadCredentials({
  clientId,
  credentials,
  name,
}: ConnectionDefinition): Promise<LoadedCredentials> {
  const read: { position: number; secret: Secret; authentication: ClientAuthentication }[] = []
  let unreadable: EvergrantError | undefined
  for (const [position, credential] of credentials.entries()) {
    try {
      const secret = await credential.read()
      read.push({ position, secret, authentication: authenticate(credential, secret) })
    } catch (error) {
      if (!isEvergrantError(error)) throw error
      unreadable ??= error
    }
  }
  if (read.length === 0) {
    throw (
      unreadable ??
      new EvergrantError('secret_unavailable', `connection "${name}" has no credential`)
    )
  }
  const secrets = read.map(({ secret }) => secret)
  return { version: await fingerprintCredentials(clientId, secrets), proofs: read }
}

function authenticate({ method }: ClientCredential, secret: Secret): ClientAuthentication {
  return method === 'client_secret_basic' ? clientSecretBasic(secret) : clientSecretPost(secret)
}
