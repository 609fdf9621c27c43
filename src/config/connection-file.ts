import { stringify } from 'yaml'
import type { ConnectionConfig, CredentialConfig } from './config.ts'
import { connectionEntry } from './connection-entry.ts'
import { referenceOf } from './secret-references.ts'

/** A connection as text for `evergrant.yaml`. */
export interface ExportedConnection {
  /** The section `connections:` with this one entry. */
  readonly yaml: string
  /** Environment variables to set, in place of secrets that the store has sealed. */
  readonly variables: readonly string[]
}

/**
 * Writes a connection of the store as its entry in the file. Sealed secrets do not leave the store:
 * `{ env: NAME }` stands in their place, the name made of the connection’s and the credential’s.
 */
export function connectionToFile(connection: ConnectionConfig): ExportedConnection {
  const variables: string[] = []
  const credentials = connection.client.credentials.map((credential): CredentialConfig => {
    if (!('sealed' in referenceOf(credential))) return credential
    const wanted = variableFor(connection.name, credential.type)
    const position = variables.filter((name) => name.startsWith(wanted)).length
    const env = position === 0 ? wanted : `${wanted}_${position + 1}`
    variables.push(env)
    return replaceReference(credential, { env })
  })
  const exported = { ...connection, client: { ...connection.client, credentials } }
  return {
    yaml: stringify(
      { connections: { [connection.name]: connectionEntry(exported) } },
      { lineWidth: 0, aliasDuplicateObjects: false },
    ),
    variables,
  }
}

function variableFor(name: string, kind: CredentialConfig['type']): string {
  const word = name.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_')
  const whole = `${word}_${kind === 'federated' ? 'ASSERTION' : kind.toUpperCase()}`
  return /^\d/.test(whole) ? `_${whole}` : whole
}

function replaceReference(
  credential: CredentialConfig,
  reference: { readonly env: string },
): CredentialConfig {
  switch (credential.type) {
    case 'secret':
      return { ...credential, secret: reference }
    case 'certificate':
      return { ...credential, certificate: reference }
    case 'federated':
      return { ...credential, assertion: reference }
  }
}
