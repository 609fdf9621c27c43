import { z } from 'zod'
import { EvergrantError, Secret } from '../../kernel/index.ts'
import {
  connectionToJson,
  guidanceToJson,
  listConnections,
  listTenants,
  pauseToJson,
  showConnection,
} from '../connection-view.ts'
import {
  connectionTaken,
  findStoredConnection,
  isEntry,
  saveConnection,
} from '../stored-connections.ts'
import { unknownConnection } from '../../grants/index.ts'
import { guidanceOfCheck, type Check } from '../diagnosis.ts'
import { pauseConnection, resumeConnection } from '../pause-connection.ts'
import { testConnection } from '../test-connection.ts'
import {
  checkSchema,
  connectionSchema,
  pauseSchema,
  revocationSchema,
} from './connection-schema.ts'
import { cutPage, fromCursor, instant, pageOf, paging, toCursor, toWire } from './fields.ts'
import { defineOperation, type ApiOperation } from './operation.ts'

const address = z.object({
  address: z.string().min(1).max(200).describe('`name`, or `name@tenant` of a template'),
})
const named = z.object({ name: z.string().min(1).max(64) })
const reasonText = z
  .string()
  .max(500)
  .regex(/^[^\p{Cc}]*$/u)
  .describe('Why, for people: one line')
const addressErrors = ['connection_unknown', 'tenant_required', 'tenant_invalid'] as const

/** Operations on connections: see, test, renew, end, define. */
export const connectionOperations: readonly ApiOperation[] = [
  defineOperation({
    id: 'connections.list',
    method: 'GET',
    path: '/api/v1/connections',
    operation: 'connections.read',
    summary: 'All connections and how they stand',
    description: 'By name. Nobody is asked: states are from memory and store.',
    status: 200,
    errors: [],
    query: z.object(paging),
    response: pageOf(connectionSchema),
    handle: async ({ composition }, { limit, cursor }) => {
      const [after = ''] = cursor === undefined ? [] : fromCursor(cursor, 1)
      const rows = composition.connections
        .all()
        .filter(({ config }) => config.name > after)
        .toSorted((a, b) => (a.config.name < b.config.name ? -1 : 1))
        .slice(0, limit + 1)
      const shown = await listConnections(composition, rows)
      const now = composition.clock.now()
      return cutPage(shown, limit, {
        toJson: (one) => connectionToJson(one, now),
        placeOf: ({ name }) => [name],
      })
    },
  }),
  defineOperation({
    id: 'connections.tenants',
    method: 'GET',
    path: '/api/v1/connections/{name}/tenants',
    operation: 'connections.read',
    summary: 'The tenants of a template that have a grant, and how they stand',
    status: 200,
    errors: ['connection_unknown'],
    params: named,
    query: z.object(paging),
    response: pageOf(connectionSchema),
    handle: async ({ composition }, { name, limit, cursor }) => {
      const [after] = cursor === undefined ? [] : fromCursor(cursor, 1)
      const shown = await listTenants(composition, name, {
        limit,
        ...(after === undefined ? {} : { after }),
      })
      const now = composition.clock.now()
      const last = shown.at(-1)?.grantId
      return {
        items: shown.map((one) => connectionToJson(one, now)),
        next: shown.length < limit || last === undefined ? null : toCursor([last]),
      }
    },
  }),
  defineOperation({
    id: 'connections.show',
    method: 'GET',
    path: '/api/v1/connections/{address}',
    operation: 'connections.read',
    summary: 'One connection in full, its last failure with its remedy',
    status: 200,
    errors: addressErrors,
    params: address,
    response: connectionSchema,
    handle: async ({ composition }, input) =>
      connectionToJson(await showConnection(composition, input.address), composition.clock.now()),
  }),
  defineOperation({
    id: 'connections.test',
    method: 'POST',
    path: '/api/v1/connections/{address}/test',
    operation: 'connections.refresh',
    summary: 'Obtain a token for everything it is for and, for Microsoft Graph, read one user',
    description: 'Steps in order; the first that fails is the last.',
    status: 200,
    errors: addressErrors,
    params: address,
    response: z.object({ passed: z.boolean(), checks: z.array(checkSchema) }),
    handle: async ({ composition }, input) => {
      const checks: Check[] = []
      for await (const check of testConnection(composition, input.address)) checks.push(check)
      return {
        passed: checks.every(({ status }) => status !== 'fail'),
        checks: checks.map((check) => {
          const told = guidanceOfCheck(check)
          return { ...check, ...(told === undefined ? {} : guidanceToJson(told)) }
        }),
      }
    },
  }),
  defineOperation({
    id: 'connections.refresh',
    method: 'POST',
    path: '/api/v1/connections/{address}/refresh',
    operation: 'connections.refresh',
    summary: 'Obtain a new token now, whatever failed before',
    status: 200,
    errors: [...addressErrors, 'client_rejected', 'provider_unreachable', 'refresh_unknown'],
    params: address,
    body: z.object({
      resend: z
        .boolean()
        .default(false)
        .describe('Send a refresh token again although it may have been spent'),
    }),
    response: z.object({
      name: z.string(),
      old_expires_at: instant.nullable(),
      new_expires_at: instant,
    }),
    handle: async ({ composition: { engine } }, { address: name, resend }) => {
      const before = (await engine.status(name)).token?.expiresAt
      const renewal = await engine.refresh(name, { resend })
      if (!renewal.ok) throw renewal.error
      const { token, warning } = renewal.value
      // An old token that serves on is no success: what was asked for did not happen.
      if (warning !== undefined) throw warning
      return {
        name,
        old_expires_at: before === undefined ? null : toWire(before),
        new_expires_at: toWire(token.expiresAt),
      }
    },
  }),
  defineOperation({
    id: 'connections.revoke',
    method: 'POST',
    path: '/api/v1/connections/{address}/revoke',
    operation: 'connections.revoke',
    summary: 'End the grant behind a connection: at the provider where it can, and here',
    status: 200,
    errors: addressErrors,
    params: address,
    response: revocationSchema,
    handle: async ({ composition }, { address: name }) => {
      const { atProvider, error } = await composition.engine.revoke(name)
      return {
        name,
        state: 'revoked' as const,
        at_provider: atProvider,
        ...(error === undefined ? {} : { error: { ...error.toProblem() } }),
      }
    },
  }),
  defineOperation({
    id: 'connections.pause',
    method: 'POST',
    path: '/api/v1/connections/{name}/pause',
    operation: 'connections.pause',
    summary: 'Hand out no token of a connection until it is resumed',
    description:
      'For all its tenants and customers, in every process within a second; callers get `connection_paused`. The refresh token is kept alive all the same, unless `keep_alive` is false. One that is paused already stays as it is.',
    status: 200,
    errors: ['connection_unknown'],
    params: named,
    body: z.object({
      reason: reasonText.default(''),
      keep_alive: z
        .boolean()
        .default(true)
        .describe('Use the refresh token in time, so that it does not die of idleness'),
    }),
    response: z.object({ name: z.string(), changed: z.boolean(), paused: pauseSchema.nullable() }),
    handle: async ({ composition }, { name, reason, keep_alive: keepsAlive }, { caller }) => {
      const wanted = { by: caller.name, reason, keepsAlive }
      const { hasChanged, pause } = await pauseConnection(composition, name, wanted)
      return {
        name,
        changed: hasChanged,
        paused: pause === undefined ? null : pauseToJson(pause),
      }
    },
  }),
  defineOperation({
    id: 'connections.resume',
    method: 'POST',
    path: '/api/v1/connections/{name}/resume',
    operation: 'connections.pause',
    summary: 'Let a paused connection hand out tokens again',
    status: 200,
    errors: ['connection_unknown'],
    params: named,
    response: z.object({ name: z.string(), changed: z.boolean(), paused: pauseSchema.nullable() }),
    handle: async ({ composition }, { name }) => {
      const { hasChanged } = await resumeConnection(composition, name)
      return { name, changed: hasChanged, paused: null }
    },
  }),
  defineOperation({
    id: 'connections.definition',
    method: 'GET',
    path: '/api/v1/connections/{name}/definition',
    operation: 'connections.read',
    summary: 'The definition of a connection that is kept in the store',
    description: 'As it would stand in `evergrant.yaml`; secrets are references.',
    status: 200,
    errors: ['connection_unknown', 'connection_read_only'],
    params: named,
    response: z.object({
      name: z.string(),
      version: z.int(),
      definition: z.record(z.string(), z.unknown()),
    }),
    handle: async ({ composition }, { name }) => {
      const { body, version } = await findStoredConnection(composition, name)
      return { name, version, definition: JSON.parse(body) as Record<string, unknown> }
    },
  }),
  defineOperation({
    id: 'connections.save',
    method: 'PUT',
    path: '/api/v1/connections/{name}',
    operation: 'connections.write',
    summary: 'Define a connection in the store, or replace its definition',
    description:
      'Secrets come in `secrets` and are sealed; the definition names them by `{ "sealed": SLOT }`. References to the environment, files and commands of the host can be given only in the file and on the command line.',
    status: 200,
    errors: [
      'connection_invalid',
      'connection_exists',
      'connection_changed',
      'connection_read_only',
      'connection_unknown',
    ],
    params: named,
    body: z.object({
      definition: z.record(z.string(), z.unknown()),
      version: z
        .int()
        .min(1)
        .optional()
        .describe('Of the definition that is replaced; absent: there must be none'),
      secrets: z.record(z.string(), z.string().min(1).max(100_000)).default({}),
    }),
    response: z.object({ name: z.string(), version: z.int() }),
    handle: async ({ composition }, { name, definition, version, secrets }) => {
      requireNoHostReference(definition, 'definition')
      const { connections, store } = composition
      const stored = await store.connections.getConnection(name)
      if (version === undefined && (stored !== undefined || connections.find(name) !== undefined)) {
        throw connectionTaken(name)
      }
      const before =
        version === undefined
          ? undefined
          : { ...(await findStoredConnection(composition, name)), version }
      const sealed = Object.entries(secrets).map(
        ([slot, text]) => [slot, new Secret(text)] as const,
      )
      const saved = await saveConnection(
        composition,
        name,
        { body: definition, secrets: new Map(sealed) },
        before,
      )
      await composition.reloadConnections()
      return { name, version: saved }
    },
  }),
  defineOperation({
    id: 'connections.remove',
    method: 'DELETE',
    path: '/api/v1/connections/{name}',
    operation: 'connections.write',
    summary: 'Remove a connection that is kept in the store',
    description: 'Its secrets are erased; its grants stay as `orphaned`.',
    status: 204,
    errors: ['connection_unknown', 'connection_read_only'],
    params: named,
    handle: async ({ composition }, { name }) => {
      await findStoredConnection(composition, name)
      const { store, clock } = composition
      if (!(await store.connections.removeConnection(name, clock.now()))) {
        throw unknownConnection(name, composition.engine.names)
      }
      await composition.reloadConnections()
    },
  }),
]

/** Whoever holds an API key must not have the host read files, its environment, or run commands. */
function requireNoHostReference(value: unknown, path: string): void {
  if (Array.isArray(value)) {
    for (const [i, one] of value.entries()) requireNoHostReference(one, `${path}[${i}]`)
    return
  }
  if (!isEntry(value)) return
  for (const [name, one] of Object.entries(value)) {
    if (name === 'env' || name === 'file' || name === 'exec') {
      throw new EvergrantError(
        'request_invalid',
        `"${path}": expected { "sealed": SLOT }, but saw a reference by "${name}", which cannot come through the API`,
        { remedy: 'Send the secret in "secrets", or use `evergrant connections add|edit`.' },
      )
    }
    requireNoHostReference(one, `${path}.${name}`)
  }
}
