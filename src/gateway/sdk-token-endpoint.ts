import { createHash } from 'node:crypto'
import type { ConnectionHandle } from '../grants/index.ts'
import {
  EvergrantError,
  type Clock,
  type Result,
  err,
  ok,
  type AccessToken,
} from '../kernel/index.ts'
import { sdkFailure, sdkRefusal, sdkTokenAnswer, type SdkAnswer } from './sdk-token-answer.ts'
import { readSdkTokenRequest, type SdkForm, type SdkTokenRequest } from './sdk-token-request.ts'

/** One connection, as an SDK’s token endpoint serves it. */
export interface SdkConnection {
  /** Every target of the connection, its own first. */
  readonly handles: readonly ConnectionHandle[]
  readonly clock: Clock
  /** Names the question in the answer and for whoever looks it up later. */
  readonly correlationId: string
  /** Told of what came of it: the token handed out, or why there was none. */
  readonly onHandOut?: (result: Result<AccessToken, EvergrantError>) => void
}

/**
 * Answers a token question of an Azure SDK in the form of App Service or of virtual machines. The
 * caller is known by then: whoever routes the question has checked its secret header. Never rejects
 * but with a fault.
 */
export async function answerSdkTokenRequest(
  form: SdkForm,
  query: URLSearchParams,
  connection: SdkConnection,
): Promise<SdkAnswer> {
  const { correlationId, onHandOut } = connection
  const request = readSdkTokenRequest(form, query)
  if (!request.ok) return sdkRefusal(request.error, correlationId)
  const handle = choose(request.value, connection.handles)
  if (handle instanceof EvergrantError) {
    onHandOut?.(err(handle))
    return sdkRefusal({ error: 'invalid_request', description: handle.detail }, correlationId)
  }
  const obtained = await obtain(handle, request.value.refusedTokenSha256)
  onHandOut?.(obtained)
  if (!obtained.ok) return sdkFailure(obtained.error, correlationId)
  return sdkTokenAnswer(obtained.value, {
    clientId: handle.definition.clientId,
    resource: request.value.resource,
    now: connection.clock.now(),
  })
}

function choose(
  { resource, clientId }: SdkTokenRequest,
  handles: readonly ConnectionHandle[],
): ConnectionHandle | EvergrantError {
  const [own] = handles
  if (own === undefined) return new EvergrantError('usage', 'there is no connection')
  const { name, clientId: ours } = own.definition
  if (clientId !== undefined && clientId.toLowerCase() !== ours.toLowerCase()) {
    return new EvergrantError(
      'usage',
      `"client_id": connection "${name}" is of another application than the one asked for`,
    )
  }
  const wanted = bare(resource)
  const found = handles.find(({ target }) =>
    'resource' in target ? bare(target.resource) === wanted : bare(target.scope) === wanted,
  )
  if (found !== undefined) return found
  const known = handles.map(({ target }) => ('resource' in target ? target.resource : target.scope))
  return new EvergrantError(
    'usage',
    `"resource": connection "${name}" gives tokens for ${[...new Set(known)].join(', ')}, but saw ${JSON.stringify(resource.slice(0, 200))}`,
  )
}

/** A resource without what SDKs add or leave out: `/.default` and slashes at the end. */
function bare(resource: string): string {
  return resource
    .replace(/\/\.default$/, '')
    .replace(/\/+$/, '')
    .toLowerCase()
}

/** A living token; a newer one where the SDK says that an API refused the one it has. */
async function obtain(
  handle: ConnectionHandle,
  refusedSha256: string | undefined,
): Promise<Result<AccessToken, EvergrantError>> {
  const granted = await handle.getToken()
  if (!granted.ok) return granted
  const { token } = granted.value
  if (refusedSha256 === undefined || sha256(token) !== refusedSha256) return ok(token)
  const rejection = await handle.reportRejection({ status: 401, headers: {}, token })
  if (rejection.kind === 'renewal_failed') return err(rejection.error)
  return ok(rejection.kind === 'not_about_token' ? token : rejection.token)
}

function sha256(token: AccessToken): string {
  return createHash('sha256').update(token.secret.reveal()).digest('hex')
}
