import { join } from 'node:path'
import Database from 'better-sqlite3'
import { serve } from '../serve.ts'
import { startBenchService } from './service-folder.ts'
import type { VerifyOrder, VerifyReport } from './verify-side.ts'

// The service as `evergrant serve` runs it: every stage, the account in its store, scopes asked for,
// metrics for every request; log lines for refusals alone.
serve(async (order: VerifyOrder): Promise<VerifyReport> => {
  const { folder, authority, tenantId, audience } = order
  const { url } = await startBenchService({
    folder,
    secrets: {},
    config: `issuers:
  bench:
    type: entra
    tenants: ['${tenantId}']
    authority: '${authority}'
    audiences: ['${audience}']
`,
  })
  addAccount(join(folder, 'evergrant.db'), order)
  return { port: Number(new URL(url).port), path: '/auth/verify?scope=orders.read' }
})

/** Puts the account where an import would have put it. */
function addAccount(path: string, { tenantId, accountId }: VerifyOrder): void {
  const database = new Database(path, { timeout: 10_000 })
  const properties = { id: accountId, displayName: 'Ada Lovelace', accountEnabled: true }
  database
    .prepare(
      `INSERT INTO directory_spaces (space_id, tenant_id, kind, objects) VALUES (1, ?, 'user', 1)`,
    )
    .run(tenantId)
  database
    .prepare(
      `INSERT INTO directory_objects (row_id, space_id, updated_at, properties) VALUES (1, 1, ?, ?)`,
    )
    .run(Date.now(), JSON.stringify(properties))
  database
    .prepare(`INSERT INTO directory_keys (object_id, space_id, row_id) VALUES (?, 1, 1)`)
    .run(Buffer.from(accountId.replaceAll('-', ''), 'hex'))
  database.close()
}
