import { describe, expect, it } from 'vitest'
import { createManualClock, systemRandom } from '../kernel/index.ts'
import { createCallerDesk, type CallerDesk, type CallerRequest } from './caller-desk.ts'
import { parseCallerKey } from './caller-key.ts'
import type { CallerRecord } from './ports.ts'

function createWorld(): { desk: CallerDesk; rows: CallerRecord[]; changes: () => number } {
  const rows: CallerRecord[] = []
  let changes = 0
  const living = (name: string): CallerRecord | undefined => rows.find((row) => row.name === name)
  const desk = createCallerDesk({
    store: {
      addCaller: async (caller) => {
        if (living(caller.name) !== undefined) return false
        rows.push(caller)
        return true
      },
      getCaller: async (id) => rows.find((row) => row.id === id),
      listCallers: async () => rows,
      revokeCaller: async (name) => living(name) !== undefined,
    },
    clock: createManualClock(),
    random: systemRandom,
    onChanged: () => changes++,
  })
  return { desk, rows, changes: () => changes }
}

describe('a caller', () => {
  it.each<Partial<CallerRequest>>([
    { name: '' },
    { name: 'CRM' },
    { name: '-crm' },
    { name: 'a'.repeat(65) },
    { name: 'clr_5' },
    { name: 'fac_5' },
    { connections: [] },
    { limits: { ratePerSecond: 0 } },
    { limits: { ratePerSecond: Number.NaN } },
    { limits: { concurrency: 0 } },
    { limits: { concurrency: 1.5 } },
  ])('is not made as %j', async (over) => {
    const { desk, rows, changes } = createWorld()
    const request = { name: 'crm', connections: ['graph'], ...over }
    await expect(desk.add(request)).rejects.toMatchObject({ code: 'usage' })
    expect([rows.length, changes()]).toEqual([0, 0])
  })

  it('is not made when its name is taken, and not revoked when it is not there', async () => {
    const { desk } = createWorld()
    await desk.add({ name: 'crm', connections: '*' })
    const again = desk.add({ name: 'crm', connections: '*' })
    await expect(again).rejects.toMatchObject({ code: 'caller_exists' })
    await expect(desk.revoke('erp')).rejects.toMatchObject({ code: 'caller_unknown' })
  })

  it('has a key that is in its answer alone, and is told of at once', async () => {
    const { desk, rows, changes } = createWorld()
    const { caller, key } = await desk.add({ name: 'crm', connections: ['b', 'a', 'b'] })
    expect(rows).toEqual([caller])
    expect(caller.connections).toEqual(['b', 'a'])
    expect(JSON.stringify(rows)).not.toContain(key.reveal().slice(-43))
    expect(parseCallerKey(key.reveal())).toEqual({ id: caller.id, secretHash: caller.secretHash })
    await desk.revoke('crm')
    expect(changes()).toBe(2)
  })
})
