import { z } from 'zod'
import { guidanceOfFailure, guidanceToJson } from '../connection-view.ts'
import { cutPage, fromCursor, guidance, instant, pageOf, paging, toWire } from './fields.ts'
import { defineOperation, type ApiOperation } from './operation.ts'

const grantSchema = z
  .object({
    id: z.string(),
    connection: z.string(),
    tenant: z.string().nullable(),
    subject: z.string().nullable(),
    standing: z.enum(['current', 'candidate', 'superseded']),
    state: z.enum(['pending', 'active', 'lapsed', 'revoked', 'orphaned']),
    state_changed_at: instant,
    created_at: instant,
    refresh_count: z.int(),
    last_refreshed_at: instant.nullable(),
    keep_alive_at: instant.nullable(),
    last_failure: z
      .object({
        code: z.string(),
        detail: z.string(),
        remedy: z.string(),
        ...guidance,
        at: instant,
      })
      .nullable(),
  })
  .meta({ id: 'Grant' })

const orNull = (at: number | undefined): string | null => (at === undefined ? null : toWire(at))

/** Operations on grants: the states behind connections. */
export const grantOperations: readonly ApiOperation[] = [
  defineOperation({
    id: 'grants.list',
    method: 'GET',
    path: '/api/v1/grants',
    operation: 'connections.read',
    summary: 'Grants as they are stored, by id; superseded ones are history',
    status: 200,
    errors: [],
    query: z.object({
      ...paging,
      connection: z.string().max(64).optional(),
      tenant: z.string().max(200).optional(),
      standing: z.enum(['current', 'candidate', 'superseded']).optional(),
    }),
    response: pageOf(grantSchema),
    handle: async ({ composition }, { limit, cursor, connection, tenant, standing }) => {
      const [afterId] = cursor === undefined ? [] : fromCursor(cursor, 1)
      const grants = await composition.store.grants.listGrants({
        limit: limit + 1,
        ...(afterId === undefined ? {} : { afterId }),
        ...(connection === undefined ? {} : { connection }),
        ...(tenant === undefined ? {} : { tenant }),
        ...(standing === undefined ? {} : { standing }),
      })
      return cutPage(grants, limit, {
        placeOf: ({ id }) => [id],
        toJson: (grant) => ({
          id: grant.id,
          connection: grant.connection,
          tenant: grant.tenant === '' ? null : grant.tenant,
          subject: grant.subject === '' ? null : grant.subject,
          standing: grant.standing,
          state: grant.state,
          state_changed_at: toWire(grant.stateChangedAt),
          created_at: toWire(grant.createdAt),
          refresh_count: grant.refreshCount,
          last_refreshed_at: orNull(grant.lastRefreshedAt),
          keep_alive_at: orNull(grant.keepAliveAt),
          last_failure:
            grant.lastFailure === undefined
              ? null
              : {
                  code: grant.lastFailure.code,
                  detail: grant.lastFailure.detail,
                  remedy: grant.lastFailure.remedy,
                  ...guidanceToJson(
                    guidanceOfFailure(
                      grant.lastFailure,
                      grant.tenant === ''
                        ? grant.connection
                        : `${grant.connection}@${grant.tenant}`,
                    ),
                  ),
                  at: toWire(grant.lastFailure.at),
                },
        }),
      })
    },
  }),
]
