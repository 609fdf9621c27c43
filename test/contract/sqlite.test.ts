import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { openSqliteStore, type Store, type StoreRole } from '../../src/store/index.ts'
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

async function makeSqliteStore(): Promise<SharedStore> {
  const folder = mkdtempSync(join(tmpdir(), 'evergrant-contract-'))
  const path = join(folder, 'store.db')
  const stores: Store[] = []
  return {
    open: async (role: StoreRole = 'main', vault = aVault()) => {
      const store = await openSqliteStore({ path, vault, clock: createEagerClock(), role })
      stores.push(store)
      return store
    },
    execute: async (sql) => {
      const database = new Database(path)
      try {
        database.exec(sql.replaceAll('TABLE.', ''))
      } finally {
        database.close()
      }
    },
    dispose: async () => {
      for (const store of stores) await store.close()
      rmSync(folder, { recursive: true })
    },
  }
}

describeGrantStore('SQLite', makeSqliteStore)
describeConnectionStore('SQLite', makeSqliteStore)
describeConsentStore('SQLite', makeSqliteStore)
describeLinkStore('SQLite', makeSqliteStore)
describeKeyStore('SQLite', makeSqliteStore)
describeRunStore('SQLite', makeSqliteStore)
describeDirectoryStore('SQLite', makeSqliteStore)
describeCallerStore('SQLite', makeSqliteStore)
describeTraceStore('SQLite', makeSqliteStore)
describeFacadeStore('SQLite', makeSqliteStore)
describeAccountStore('SQLite', makeSqliteStore)
describeAccountListing('SQLite', makeSqliteStore)
describePeopleStore('SQLite', makeSqliteStore)
describeSessionStore('SQLite', makeSqliteStore)
describeConsoleStore('SQLite', makeSqliteStore)
describeAuditStore('SQLite', makeSqliteStore)
describeAlarmStore('SQLite', makeSqliteStore)
describeActivityStore('SQLite', makeSqliteStore)
describeScheduleStore('SQLite', makeSqliteStore)
