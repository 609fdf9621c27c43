import { z } from 'zod'
import { guidance, instant } from './fields.ts'

/** An alarm as the API sends it. */
export const alarmSchema = z
  .object({
    id: z.string(),
    key: z.string().describe('The same for as long as it is the same trouble'),
    kind: z
      .string()
      .describe(
        '`grant_lapsed`, `grant_refresh_unknown`, `grant_idle`, `heartbeat_missed`, `credential_expiring`, `import_failed`, `import_missed`, `import_link` or `issuer_keys`',
      ),
    subject: z.string().describe('Connection, import or issuer'),
    severity: z.enum(['warning', 'critical']),
    title: z.string(),
    detail: z.string(),
    remedy: z.string(),
    ...guidance,
    since: instant,
    raised_at: instant,
    changed_at: instant.describe('When it passed its last threshold'),
    recovered_at: instant.nullable().describe('Null while it is open'),
    deliveries: z
      .object({ waiting: z.int(), delivered: z.int(), dead: z.int() })
      .describe('Messages to receivers; `dead` ones were given up'),
  })
  .meta({ id: 'Alarm' })
