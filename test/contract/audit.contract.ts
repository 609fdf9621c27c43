import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AuditEntry, AuditQuery } from '../../src/access/index.ts'
import { newId } from '../../src/kernel/index.ts'
import type { Store } from '../../src/store/index.ts'
import type { MakeStore, SharedStore } from './builders.ts'

function anEntry(over: Partial<AuditEntry> = {}): AuditEntry {
  return {
    id: newId('aud', over.at ?? 10),
    at: 10,
    actor: 'ops',
    actorKind: 'key',
    action: 'callers.add',
    target: 'crm',
    outcome: 'done',
    ...over,
  }
}

/** What every `AuditStore` does. */
export function describeAuditStore(kind: string, makeStore: MakeStore): void {
  describe(`the record in ${kind}`, () => {
    let shared: SharedStore
    let one: Store
    let two: Store
    beforeEach(async () => {
      shared = await makeStore()
      one = await shared.open()
      two = await shared.open()
    })
    afterEach(async () => await shared.dispose())
    const listed = async (query: Partial<AuditQuery> = {}): Promise<readonly AuditEntry[]> =>
      await two.audit.listEntries({ limit: 100, ...query })

    it.each([
      ['changed', "UPDATE TABLE.audit_entries SET actor = 'nobody'"],
      ['deleted', 'DELETE FROM TABLE.audit_entries'],
      ['deleted one by one', "DELETE FROM TABLE.audit_entries WHERE id <> ''"],
    ])('is not %s, whoever tries', async (_how, sql) => {
      const entry = anEntry()
      await one.audit.addEntry(entry)
      await expect(shared.execute(sql)).rejects.toThrow('audit entries are never')
      expect(await listed()).toEqual([entry])
    })

    it('takes no second entry of an id', async () => {
      const entry = anEntry()
      await one.audit.addEntry(entry)
      const other = one.audit.addEntry({ ...entry, actor: 'other' })
      await expect(other).rejects.toMatchObject({ code: 'internal' })
      expect(await listed()).toEqual([entry])
    })

    it('reads elsewhere what was added, the newest first, page by page', async () => {
      const full = anEntry({
        at: 20,
        connection: 'csp',
        outcome: 'refused',
        code: 'role_missing',
        before: '{"a":1}',
        after: '{"a":2}',
        requestId: 'req_1',
        actorKind: 'command',
      })
      const plain = anEntry()
      await one.audit.addEntry(plain)
      await one.audit.addEntry(full)
      expect(await listed()).toEqual([full, plain])
      expect(await listed({ limit: 1 })).toEqual([full])
      expect(await listed({ after: full.id })).toEqual([plain])
    })

    it('is searched by who, what, on what and when', async () => {
      const written = anEntry({ at: 20, actor: 'anna', action: 'grants.revoke', target: 'grt_1' })
      const other = anEntry({ at: 30, connection: 'csp' })
      await one.audit.addEntry(written)
      await one.audit.addEntry(other)
      for (const query of [
        { actor: 'anna' },
        { action: 'grants.revoke' },
        { target: 'grt_1' },
        { before: 30 },
      ]) {
        expect(await listed(query)).toEqual([written])
      }
      for (const query of [{ connection: 'csp' }, { since: 21 }, { actor: 'ops', since: 30 }]) {
        expect(await listed(query)).toEqual([other])
      }
      expect(await listed({ actor: 'anna', connection: 'csp' })).toEqual([])
    })
  })
}
