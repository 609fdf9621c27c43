import {
  EvergrantError,
  newId,
  type Clock,
  type RandomBytes,
  type Secret,
} from '../kernel/index.ts'
import { shown } from './facade-parameters.ts'
import { hashOf, newFacadeSecret } from './facade-secrets.ts'
import type { FacadeClient, FacadeStore, FacadeTokenKind } from './facade-store.ts'

/** For how long an approval of a client without secret may be used (ms). */
export const approvalLifeMs = 600_000
/** The grace of a rotation when nobody says otherwise (ms). */
export const defaultGraceMs = 60_000

/** A client to be registered. */
export interface FacadeClientDraft {
  readonly name: string
  /** As addressed: `name` or `name@tenant`. */
  readonly connection: string
  readonly upstream?: string
  readonly redirectUris: readonly string[]
  /** Default: `gateway`. */
  readonly tokens?: FacadeTokenKind
  readonly isPublic?: boolean
  readonly requiresPkce?: boolean
  readonly rotates?: boolean
  /** Default: a minute. */
  readonly graceMs?: number
  readonly needsSecretOnRefresh?: boolean
}

/** A client with its secret, which is told this once. */
export interface IssuedFacadeClient {
  readonly client: FacadeClient
  /** Absent for a client without. */
  readonly secret?: Secret
}

/** Registers clients of the façade and changes them. */
export interface FacadeDesk {
  /** @throws EvergrantError `facade_invalid`, `facade_exists`, `store_*` */
  add(draft: FacadeClientDraft): Promise<IssuedFacadeClient>
  /** A living one by name, or any by id. @throws EvergrantError `facade_unknown`, `store_*` */
  find(nameOrId: string): Promise<FacadeClient>
  /** Living ones by name, and revoked ones when asked for. */
  list: FacadeStore['listFacadeClients']
  /** How many authorizations of a client are alive. */
  countAuthorizations(id: string): Promise<number>
  /**
   * Lets a client without secret authorize once within the next ten minutes.
   *
   * @throws EvergrantError `facade_unknown`, `facade_invalid` for one with a secret, `store_*`
   */
  approve(nameOrId: string): Promise<FacadeClient>
  /**
   * Replaces the secret; what was handed out stays good.
   *
   * @throws EvergrantError `facade_unknown`, `facade_invalid` for one without, `store_*`
   */
  rotateSecret(nameOrId: string): Promise<IssuedFacadeClient>
  /** Revokes a client with all it was given. @throws EvergrantError `facade_unknown`, `store_*` */
  revoke(nameOrId: string): Promise<FacadeClient>
}

/** Makes the desk. */
export function createFacadeDesk({
  store,
  clock,
  random,
  onChange = () => {},
}: {
  readonly store: FacadeStore
  readonly clock: Clock
  readonly random: RandomBytes
  /** Told of changes that this process makes itself. */
  readonly onChange?: () => void
}): FacadeDesk {
  const find = async (nameOrId: string): Promise<FacadeClient> => {
    const client = await store.findFacadeClient(nameOrId)
    if (client !== undefined) return client
    throw unknown(nameOrId)
  }
  const requireLiving = (isThere: boolean, nameOrId: string): void => {
    onChange()
    if (!isThere) throw unknown(nameOrId)
  }
  return {
    find,
    list: (query) => store.listFacadeClients(query),
    countAuthorizations: async (id) => await store.countFacadeFamilies(id),
    add: async (draft) => {
      const { client, secret } = makeClient(draft, clock.now(), random)
      if (await store.addFacadeClient(client)) {
        return { client, ...(secret === undefined ? {} : { secret }) }
      }
      throw new EvergrantError('facade_exists', `there is a façade client "${draft.name}" already`)
    },
    approve: async (nameOrId) => {
      const client = await find(nameOrId)
      if (!client.isPublic) {
        throw invalidDraft(`"${client.name}" has a secret and needs no approval`)
      }
      const now = clock.now()
      requireLiving(await store.approveFacadeClient(client.id, now), nameOrId)
      return { ...client, approvedAt: now }
    },
    rotateSecret: async (nameOrId) => {
      const client = await find(nameOrId)
      if (client.isPublic) throw invalidDraft(`"${client.name}" was registered without a secret`)
      const secret = newFacadeSecret('egc', random)
      const secretHash = hashOf(secret.reveal())
      requireLiving(await store.setFacadeSecret(client.id, secretHash), nameOrId)
      return { client: { ...client, secretHash }, secret }
    },
    revoke: async (nameOrId) => {
      const client = await find(nameOrId)
      const now = clock.now()
      requireLiving(await store.revokeFacadeClient(client.id, now), nameOrId)
      return { ...client, revokedAt: now }
    },
  }
}

function makeClient(
  draft: FacadeClientDraft,
  now: number,
  random: RandomBytes,
): { readonly client: FacadeClient; readonly secret: Secret | undefined } {
  const { name, connection, upstream, redirectUris, isPublic = false } = draft
  const { tokens = 'gateway', graceMs = defaultGraceMs, needsSecretOnRefresh = true } = draft
  if (!/^[A-Za-z0-9][\w.-]{0,99}$/.test(name)) {
    throw invalidDraft(
      `"name": expected at most 100 letters, digits, ".", "_" and "-", but saw "${shown(name)}"`,
    )
  }
  if (redirectUris.length === 0) throw invalidDraft('expected at least one redirect URI')
  if (redirectUris.length > 20) throw invalidDraft('expected at most 20 redirect URIs')
  for (const uri of redirectUris) requireRedirectUri(uri)
  if (!Number.isInteger(graceMs) || graceMs < 0 || graceMs > 86_400_000) {
    throw invalidDraft('"grace": expected a duration from 0 to one day')
  }
  if (isPublic && tokens === 'upstream') {
    throw invalidDraft(
      'a client without secret may not be handed the provider’s own tokens; leave "tokens" at "gateway"',
    )
  }
  const secret = isPublic ? undefined : newFacadeSecret('egc', random)
  const client: FacadeClient = {
    id: newId('fac', now, random),
    name,
    connection,
    ...(upstream === undefined ? {} : { upstream }),
    redirectUris: [...new Set(redirectUris)],
    tokens,
    isPublic,
    requiresPkce: isPublic || (draft.requiresPkce ?? false),
    // A refresh token is all that a client without secret has: it must not live for ever (RFC 9700).
    rotates: isPublic || (draft.rotates ?? false),
    graceMs,
    needsSecretOnRefresh: !isPublic && needsSecretOnRefresh,
    ...(secret === undefined ? {} : { secretHash: hashOf(secret.reveal()) }),
    createdAt: now,
  }
  return { client, secret }
}

/**
 * Checks that a code may be sent to an address: https, http on loopback, or a scheme of an
 * application’s own with a dot in it (RFC 8252); no fragment, no user, nothing a browser would
 * run.
 */
function requireRedirectUri(text: string): void {
  const seen = `but saw "${shown(text)}"`
  if (!URL.canParse(text) || text.length > 2_000 || !/^[\u0021-\u007e]+$/.test(text)) {
    throw invalidDraft(`"redirect-uri": expected a whole URL of ASCII characters, ${seen}`)
  }
  const url = new URL(text)
  if (text.includes('#')) throw invalidDraft(`"redirect-uri": expected no fragment, ${seen}`)
  if (url.username !== '' || url.password !== '') {
    throw invalidDraft(`"redirect-uri": expected no user and password, ${seen}`)
  }
  const isLoopback = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  const isOwnScheme = /^[a-z][a-z0-9+-]*\.[a-z0-9.+-]+:$/.test(url.protocol)
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback) || isOwnScheme) return
  throw invalidDraft(
    `"redirect-uri": expected https, http on loopback, or a scheme such as com.example.app, ${seen}`,
  )
}

function invalidDraft(detail: string): EvergrantError {
  return new EvergrantError('facade_invalid', detail)
}

function unknown(nameOrId: string): EvergrantError {
  return new EvergrantError('facade_unknown', `there is no façade client "${shown(nameOrId)}"`)
}
