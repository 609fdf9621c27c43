import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { EvergrantError } from '../../kernel/index.ts'
import type { AuditedCall } from '../audit-operation.ts'
import { callerCheck, callerNow, callerOf, knownCallerOf, openCheck } from '../caller-check.ts'
import type { Door } from '../console-gate.ts'
import type { ApiContext, ApiOperation } from './operation.ts'

/**
 * Mounts operations as routes: caller, role and limits first, then the request by its schemas, then
 * the handler. Answers are JSON and kept nowhere.
 */
export function mountApi(
  app: FastifyInstance,
  operations: readonly ApiOperation[],
  context: ApiContext,
  callers: Door,
): void {
  const { console: _none, ...withoutConsole } = callers
  for (const operation of operations) {
    // People at the console call the API alone; whoever is an account asks for itself.
    const door = operation.path.startsWith('/api/v1/') ? callers : withoutConsole
    const check =
      operation.isOpen === true
        ? openCheck(door, operation.operation)
        : callerCheck(door, operation.operation)
    app.route({
      method: operation.method,
      url: operation.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      exposeHeadRoute: false,
      // Before the body is read: whoever may not call sends nothing.
      onRequest: async (request, reply) => {
        reply.headers(apiHeaders)
        try {
          await check(request, reply)
        } catch (error) {
          await context.audit.refused(callOf(operation, request, asFields(request.params)), error)
          throw error
        }
      },
      handler: async (request, reply) => {
        requireReadable([request.params, request.query, request.body])
        const input = {
          ...readPart(operation.params, request.params, false),
          ...readPart(operation.query, request.query, true),
          ...readPart(operation.body, request.body ?? {}, false),
        }
        reply.header('cache-control', 'no-store')
        const work = async (): Promise<unknown> =>
          operation.handle(context, input, {
            get caller() {
              return callerOf(request)
            },
            knownCaller: knownCallerOf(request),
            requestId: request.id,
            callerNow: () => callerNow(door, operation.operation, request),
            reply,
          })
        const answer =
          operation.method === 'GET'
            ? await work()
            : await context.audit.audited(callOf(operation, request, input), work)
        if (operation.isStream === true) return reply
        reply.code(operation.status)
        return operation.status === 204 ? reply.send() : reply.send(answer)
      },
    })
  }
}

function callOf({ id }: ApiOperation, request: FastifyRequest, input: object): AuditedCall {
  return {
    action: id,
    input: input as AuditedCall['input'],
    caller: knownCallerOf(request),
    requestId: request.id,
  }
}

function asFields(params: unknown): object {
  return typeof params === 'object' && params !== null ? params : {}
}

/** An answer is data, whoever opens it in a browser. */
const apiHeaders: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': `default-src 'none'; frame-ancestors 'none'`,
}

/** Levels that the JSON of a request may have: more than any operation needs. */
const mostLevels = 32

/**
 * Refuses what no operation has a use for, and what would be a fault deeper inside: JSON nested so
 * deep that whoever looks into it runs out of stack, and U+0000, which PostgreSQL keeps in no text.
 * Goes level by level itself.
 *
 * @throws EvergrantError `request_invalid`
 */
function requireReadable(parts: readonly unknown[]): void {
  let level = parts
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > mostLevels) {
      throw new EvergrantError('request_invalid', `expected at most ${mostLevels} levels of JSON`)
    }
    if (level.some((one) => typeof one === 'string' && one.includes('\0'))) {
      throw new EvergrantError('request_invalid', 'expected no U+0000 in path, query or body')
    }
    level = level.flatMap((one) =>
      typeof one === 'object' && one !== null ? Object.entries(one).flat() : [],
    )
  }
}

/** Parts whose values are not repeated in messages. */
const silent = new Set<PropertyKey>([
  'secrets',
  'definition',
  'token',
  'code',
  'code_verifier',
  'nonce',
  'pasted',
])

/** @throws EvergrantError `request_invalid`, naming field, expectation and finding */
function readPart(schema: z.ZodObject | undefined, value: unknown, isQuery: boolean): object {
  if (schema === undefined) {
    if (!isQuery || typeof value !== 'object' || value === null) return {}
    const [unknown] = Object.keys(value)
    if (unknown === undefined) return {}
    throw new EvergrantError(
      'request_invalid',
      `${JSON.stringify(unknown.slice(0, 60))}: expected no query, but saw this field`,
    )
  }
  const parsed = schema.strict().safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  if (issue === undefined) throw new EvergrantError('request_invalid', 'the request does not fit')
  const path = issue.path.map(String).join('.')
  const seen = silent.has(issue.path[0] ?? '') ? '' : seenAt(value, issue.path)
  const where = path === '' ? '' : `"${path.slice(0, 100)}": `
  throw new EvergrantError('request_invalid', `${where}${lowered(issue.message)}${seen}`)
}

function seenAt(value: unknown, path: readonly PropertyKey[]): string {
  if (path.length === 0) return ''
  let found = value
  for (const part of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, part)) {
      return ', but saw nothing'
    }
    found = (found as Record<PropertyKey, unknown>)[part]
  }
  if (typeof found === 'object' && found !== null) {
    return `, but saw ${Array.isArray(found) ? 'a list' : 'an object'}`
  }
  return `, but saw ${JSON.stringify(typeof found === 'string' ? found.slice(0, 60) : found)}`
}

const lowered = (message: string): string =>
  message
    .replace(/^Invalid input: /, '')
    .replace(/, received .*$/, '')
    .replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase())
