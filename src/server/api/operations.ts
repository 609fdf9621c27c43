import { accountOperations } from './accounts.ts'
import { activityOperations } from './activity.ts'
import { alarmOperations } from './alarms.ts'
import { auditOperations } from './audit.ts'
import { bearerOperations } from './bearer.ts'
import { callerOperations } from './callers.ts'
import { consoleOperations } from './console.ts'
import { configOperations } from './config.ts'
import { connectionOperations } from './connections.ts'
import { consentOperations } from './consents.ts'
import { customerOperations } from './customers.ts'
import { directoryOperations } from './directory.ts'
import { draftOperations } from './drafts.ts'
import { eventOperations } from './events.ts'
import { facadeOperations } from './facades.ts'
import { grantOperations } from './grants.ts'
import { importOperations } from './imports.ts'
import { linkOperations } from './links.ts'
import type { ApiOperation } from './operation.ts'
import { issuerOperations } from './issuers.ts'
import { permissionOperations } from './permissions.ts'
import { remedyOperations } from './remedies.ts'
import { sessionOperations } from './sessions.ts'
import { peopleOperations } from './people.ts'
import { tokenOperations } from './tokens.ts'
import { traceOperations } from './traces.ts'

/** Every operation of `/api/v1`: routes, document and client are made from this table. */
export const apiOperations: readonly ApiOperation[] = [
  ...connectionOperations,
  ...draftOperations,
  ...permissionOperations,
  ...customerOperations,
  ...grantOperations,
  ...tokenOperations,
  ...consentOperations,
  ...linkOperations,
  ...importOperations,
  ...traceOperations,
  ...callerOperations,
  ...facadeOperations,
  ...issuerOperations,
  ...bearerOperations,
  ...sessionOperations,
  ...accountOperations,
  ...peopleOperations,
  ...directoryOperations,
  ...alarmOperations,
  ...remedyOperations,
  ...activityOperations,
  ...consoleOperations,
  ...auditOperations,
  ...eventOperations,
  ...configOperations,
]
