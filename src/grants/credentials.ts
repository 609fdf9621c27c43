import { EvergrantError, isEvergrantError, type Secret } from '../kernel/index.ts'
import {
  certificateAssertion,
  clientSecretBasic,
  clientSecretPost,
  federatedAssertion,
  fingerprintCredentials,
  noAuthentication,
  type ClientAuthentication,
  type CredentialMark,
} from '../oauth/index.ts'
import type { ClientCredential, ConnectionDefinition } from './connection.ts'

/** One readable credential, as it proves requests. */
export interface Proof {
  /** Its place among the connection’s credentials, from 0. */
  readonly position: number
  /** When it ends (epoch ms): what it says itself, else what was noted. */
  readonly expiresAt?: number
  /**
   * Makes the authentication of one request; a federated assertion is read anew for it.
   *
   * @throws `secret_unavailable`, `assertion_invalid`
   */
  authenticate(): ClientAuthentication | Promise<ClientAuthentication>
}

/** The readable credentials of a client, in order, and the name of this version of them. */
export interface LoadedCredentials {
  readonly version: string
  readonly proofs: readonly Proof[]
}

/** Names versions of credentials; naming is slow on purpose, so what was named is remembered. */
export type NameVersion = (clientId: string, marks: readonly CredentialMark[]) => Promise<string>

/** How many versions are remembered. */
const rememberedVersions = 1_000

/**
 * Makes a naming that answers from memory for the marks it has seen; shared by an engine. Who asks
 * while a version is being named waits for that: a template’s tenants all come at once.
 */
export function createVersionNaming(): NameVersion {
  interface Named {
    readonly marks: readonly CredentialMark[]
    readonly version: Promise<string>
  }
  const known = new Map<string, Named>()
  return (clientId, marks) => {
    const last = known.get(clientId)
    if (last !== undefined && areEqual(last.marks, marks)) return last.version
    const version = fingerprintCredentials(clientId, marks)
    known.delete(clientId)
    known.set(clientId, { marks, version })
    version.catch(() => known.delete(clientId))
    const [oldest] = known.keys()
    if (known.size > rememberedVersions && oldest !== undefined) known.delete(oldest)
    return version
  }
}

/**
 * Reads every credential of a connection but federated assertions, which are read for each request.
 * One that cannot be read is passed over while another can. A public client proves nothing.
 *
 * @throws `secret_unavailable`, or what else the first reader threw, when none can be read.
 */
export async function loadCredentials(
  { clientId, credentials, name, grant }: ConnectionDefinition,
  nameVersion: NameVersion,
): Promise<LoadedCredentials> {
  if (credentials.length === 0 && grant === 'authorization_code') {
    const proof = { position: 0, authenticate: () => noAuthentication() }
    return { version: await nameVersion(clientId, []), proofs: [proof] }
  }
  const marks: CredentialMark[] = []
  const proofs: Proof[] = []
  let unreadable: EvergrantError | undefined
  for (const [position, credential] of credentials.entries()) {
    try {
      const { mark, proof } = await load(credential, position)
      marks.push(mark)
      proofs.push(proof)
    } catch (error) {
      if (!isEvergrantError(error)) throw error
      unreadable ??= error
    }
  }
  if (proofs.length === 0) {
    throw (
      unreadable ??
      new EvergrantError('secret_unavailable', `connection "${name}" has no credential`)
    )
  }
  return { version: await nameVersion(clientId, marks), proofs }
}

/**
 * Reads one credential and makes its authentication, for one request.
 *
 * @throws `secret_unavailable`, `certificate_invalid`, `assertion_invalid`
 */
export async function authenticateOnce(
  credential: ClientCredential,
): Promise<ClientAuthentication> {
  return (await load(credential, 0)).proof.authenticate()
}

async function load(
  credential: ClientCredential,
  position: number,
): Promise<{ readonly mark: CredentialMark; readonly proof: Proof }> {
  const { kind, expiresAt } = credential
  const noted = expiresAt === undefined ? {} : { expiresAt }
  if (kind === 'federated') {
    const authenticate = async (): Promise<ClientAuthentication> =>
      federatedAssertion(await credential.read())
    return { mark: { kind, position }, proof: { position, ...noted, authenticate } }
  }
  const secret = await credential.read()
  const authentication = authenticationOf(credential, secret)
  const ownEnd = authentication.expiresAt
  return {
    mark: { kind, secret },
    proof: {
      position,
      ...(ownEnd === undefined ? noted : { expiresAt: ownEnd }),
      authenticate: () => authentication,
    },
  }
}

function authenticationOf(
  credential: Exclude<ClientCredential, { kind: 'federated' }>,
  secret: Secret,
): ClientAuthentication {
  if (credential.kind === 'certificate') {
    return certificateAssertion(secret, { algorithm: credential.algorithm })
  }
  return credential.method === 'client_secret_basic'
    ? clientSecretBasic(secret)
    : clientSecretPost(secret)
}

function areEqual(a: readonly CredentialMark[], b: readonly CredentialMark[]): boolean {
  return a.length === b.length && a.every((mark, i) => isSame(mark, b[i]))
}

function isSame(a: CredentialMark, b: CredentialMark | undefined): boolean {
  if (b === undefined || a.kind !== b.kind) return false
  if (a.kind === 'federated') return b.kind === 'federated' && a.position === b.position
  return b.kind !== 'federated' && a.secret.equals(b.secret)
}
