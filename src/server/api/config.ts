import { z } from 'zod'
import { defineOperation, type ApiOperation } from './operation.ts'

/** Operations on the configuration of this process. */
export const configOperations: readonly ApiOperation[] = [
  defineOperation({
    id: 'config.reload',
    method: 'POST',
    path: '/api/v1/config/reload',
    operation: 'config.reload',
    summary:
      'Read the configuration again: checked first, then taken over as a whole, or not at all',
    status: 200,
    errors: ['config_not_found', 'config_unreadable', 'config_invalid', 'reload_needs_restart'],
    response: z.object({ reloaded: z.boolean() }),
    handle: async ({ reload }) => {
      await reload()
      return { reloaded: true }
    },
  }),
]
