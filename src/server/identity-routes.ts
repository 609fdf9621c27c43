import type { FastifyReply } from 'fastify'
import { requireTokens, type CallerDirectory } from '../access/index.ts'
import {
  answerSdkTokenRequest,
  beginTokenTrace,
  sdkRefusal,
  type SdkAnswer,
  type TraceRecorder,
} from '../gateway/index.ts'
import { err, isEvergrantError, type EvergrantError } from '../kernel/index.ts'
import type { Composition } from './compose.ts'
import { handlesOf } from './sdk-connection.ts'
import type { ServicePart } from './service.ts'

interface Addressed {
  readonly Params: { readonly address: string }
}

/**
 * Adds the token endpoint of App Service, `/identity/{connection}[@{tenant}]/token`: what
 * `IDENTITY_ENDPOINT` names, with a caller key as `IDENTITY_HEADER`. The key must be permitted the
 * connection and raw tokens. Every hand-out is a trace, failures included.
 */
export function identityRoutes(
  composition: Pick<Composition, 'engine' | 'clock'>,
  directory: CallerDirectory,
  recorder: TraceRecorder,
): ServicePart {
  const { engine, clock } = composition
  return (app) => {
    const quiet = { exposeHeadRoute: false }
    app.get<Addressed>('/identity/:address/token', quiet, async (request, reply) => {
      const { address } = request.params
      const refuse = (error: EvergrantError): FastifyReply =>
        send(reply, sdkRefusal(refusalOf(error), request.id, statusOf(error)))
      const key = request.headers['x-identity-header']
      const known = await directory.authenticateKey(
        typeof key === 'string' ? key : '',
        () => request.id,
      )
      if (!known.ok) return refuse(known.error)
      const caller = known.value
      const trace = beginTokenTrace(recorder, clock, {
        connection: address,
        callerId: caller.id,
        callerName: caller.name,
        requestId: request.id,
        door: request.url.split('?', 1)[0] ?? '',
      })
      reply.header('evergrant-trace', trace.id)
      const stop = (error: EvergrantError): FastifyReply => {
        trace.end(err(error), statusOf(error))
        return refuse(error)
      }
      const refusal = requireTokens(caller, address.split('@', 1)[0] ?? '')
      if (refusal !== undefined) return stop(refusal)
      const release = directory.admit(caller)
      if (isEvergrantError(release)) return stop(release)
      reply.raw.once('close', release)
      try {
        const { searchParams } = new URL(request.url, 'http://service.invalid')
        const answer = await answerSdkTokenRequest('app_service', searchParams, {
          handles: handlesOf(engine, address),
          clock,
          correlationId: request.id,
          onHandOut: (result) => trace.end(result, result.ok ? 200 : statusOf(result.error)),
        })
        return send(reply, answer)
      } catch (error) {
        // An address that leads nowhere, in words that SDKs do not take for "not yet".
        if (isEvergrantError(error)) return stop(error)
        throw error
      }
    })
  }
}

function refusalOf({ definition, detail, remedy }: EvergrantError): {
  readonly error: string
  readonly description: string
} {
  return { error: definition.oauthError ?? 'invalid_request', description: `${detail} → ${remedy}` }
}

/** SDKs retry 404, 410 and 5xx as if an identity were about to appear: whatever is final is 4xx. */
function statusOf({ definition }: EvergrantError): 400 | 401 | 403 | 429 | 503 {
  const { status, retry } = definition
  if (status === 401 || status === 403 || status === 429) return status
  return retry === 'later' ? 503 : 400
}

function send(reply: FastifyReply, { status, headers, body }: SdkAnswer): FastifyReply {
  return reply.code(status).headers(headers).send(body)
}
