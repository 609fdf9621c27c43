import { openPostgresStore, type Store, type StoreRole } from '../../src/store/index.ts'
import { preparedDatabase } from '../support/postgres.ts'
import { aVault, createEagerClock, type SharedStore } from './builders.ts'
import { describeAccountListing } from './account-listing.contract.ts'
import { describeAccountStore } from './accounts.contract.ts'
import { describeActivityStore } from './activity.contract.ts'
import { describeAlarmStore } from './alarms.contract.ts'
import { describeAuditStore } from './audit.contract.ts'
import { describeCallerStore } from './callers.contract.ts'
import { describeConnectionStore } from './connections.contract.ts'
import { describeConsoleStore } from './console.contract.ts'
import { describeConsentStore } from './consents.contract.ts'
import { describeLinkStore } from './links.contract.ts'
import { describeDirectoryStore } from './directory.contract.ts'
import { describeFacadeStore } from './facades.contract.ts'
import { describeGrantStore } from './grants.contract.ts'
import { describeKeyStore } from './keys.contract.ts'
import { describePeopleStore } from './people.contract.ts'
import { describeRunStore } from './runs.contract.ts'
import { describeScheduleStore } from './schedules.contract.ts'
import { describeSessionStore } from './sessions.contract.ts'
import { describeTraceStore } from './traces.contract.ts'

async function makePostgresStore(): Promise<SharedStore> {
  const database = await preparedDatabase()
  const { url, password } = database
  const stores: Store[] = []
  return {
    open: async (role: StoreRole = 'main', vault = aVault()) => {
      const clock = createEagerClock()
      const store = await openPostgresStore({ url, password, vault, clock, role })
      stores.push(store)
      return store
    },
    execute: async (sql) => void (await database.query(sql.replaceAll('TABLE.', 'evergrant.'))),
    dispose: async () => {
      for (const store of stores) await store.close()
      await database.dispose()
    },
  }
}

describeGrantStore('PostgreSQL', makePostgresStore)
describeConnectionStore('PostgreSQL', makePostgresStore)
describeConsentStore('PostgreSQL', makePostgresStore)
describeLinkStore('PostgreSQL', makePostgresStore)
describeKeyStore('PostgreSQL', makePostgresStore)
describeRunStore('PostgreSQL', makePostgresStore)
describeDirectoryStore('PostgreSQL', makePostgresStore)
describeCallerStore('PostgreSQL', makePostgresStore)
describeTraceStore('PostgreSQL', makePostgresStore)
describeFacadeStore('PostgreSQL', makePostgresStore)
describeAccountStore('PostgreSQL', makePostgresStore)
describeAccountListing('PostgreSQL', makePostgresStore)
describePeopleStore('PostgreSQL', makePostgresStore)
describeSessionStore('PostgreSQL', makePostgresStore)
describeConsoleStore('PostgreSQL', makePostgresStore)
describeAuditStore('PostgreSQL', makePostgresStore)
describeAlarmStore('PostgreSQL', makePostgresStore)
describeActivityStore('PostgreSQL', makePostgresStore)
describeScheduleStore('PostgreSQL', makePostgresStore)
