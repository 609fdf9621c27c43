/* A process that dies in the middle of a transaction: `killed-writer.ts FILE`. */
import { systemClock } from '../../src/kernel/index.ts'
import { openSqliteStore } from '../../src/store/index.ts'
import { aLine, aPage, aRun, aVault, aWalk, rowsNamed } from './builders.ts'

const path = process.argv[2] ?? ''
const store = await openSqliteStore({ path, vault: aVault(), clock: systemClock, role: 'bulk' })
const run = await aRun(store)
for (const pages of [1, 2]) {
  const walk = aWalk(run, { pages, rows: pages * 100, nextUrl: `page ${pages + 1}` })
  await store.runs.commitPage({
    ...aPage(run, rowsNamed('a', 100)),
    walks: [walk],
    log: [aLine('committed')],
  })
}
// Serialising the log comes last in the transaction, when rows and cursor are written already.
const deadly = {
  ...aLine('never'),
  body: {
    ...aLine('never').body,
    toJSON: () => {
      process.kill(process.pid, 'SIGKILL')
      for (;;);
    },
  },
}
const walk = aWalk(run, { pages: 3, rows: 300, nextUrl: 'page 4' })
await store.runs.commitPage({ ...aPage(run, rowsNamed('a', 100)), walks: [walk], log: [deadly] })
