import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { aPage, aRun, aSavedToken, aSlot, aVault } from '../../../test/contract/builders.ts'
import { createManualClock, type ManualClock } from '../../kernel/index.ts'
import { openSqliteStore } from '../index.ts'
import type { GenerationChange, Store } from '../store.ts'

describe('watching generations', () => {
  let folder: string
  let clock: ManualClock
  let watcher: Store
  let writer: Store
  let seen: GenerationChange[]

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'evergrant-generations-'))
    clock = createManualClock()
    const common = { path: join(folder, 'store.db'), vault: aVault(), role: 'main' } as const
    watcher = await openSqliteStore({ ...common, clock })
    writer = await openSqliteStore({ ...common, clock: createManualClock() })
    seen = []
  })
  afterEach(async () => {
    await watcher.close()
    await writer.close()
    rmSync(folder, { recursive: true })
  })

  it('says nothing while nothing that counts has changed', async () => {
    const run = await aRun(writer)
    watcher.watchGenerations((change) => seen.push(change))
    await clock.advance(1_000)
    seen.length = 0
    await writer.runs.heartbeat(run.id, 'one', 5)
    await clock.advance(5_000)
    expect(seen).toEqual([])
  })

  it('says nothing after it was ended, and leaves no timer', async () => {
    const end = watcher.watchGenerations((change) => seen.push(change))
    end()
    await aRun(writer)
    await clock.advance(5_000)
    expect(seen).toEqual([])
    expect(clock.pending()).toBe(0)
  })

  it('leaves no timer when the store is closed', async () => {
    watcher.watchGenerations((change) => seen.push(change))
    await watcher.close()
    expect(clock.pending()).toBe(0)
  })

  it('tells of what changed since the store was opened, though nobody watched as yet', async () => {
    await writer.grants.ensureGrant({ connection: 'c', tenant: '' }, 1)
    watcher.watchGenerations((change) => seen.push(change))
    await clock.advance(1_000)
    expect(seen.map(({ topics }) => topics)).toEqual([['grants']])
  })

  it('names within a second what another process changed', async () => {
    watcher.watchGenerations((change) => seen.push(change))
    const grant = await writer.grants.ensureGrant({ connection: 'c', tenant: '' }, 1)
    await clock.advance(1_000)
    expect(seen.map(({ topics }) => topics)).toEqual([['grants']])
    await aSavedToken(writer, aSlot(grant.id), { now: 1 })
    const run = await aRun(writer)
    await writer.runs.commitPage(aPage(run, []))
    await clock.advance(1_000)
    expect(seen.map(({ topics }) => topics)).toEqual([['grants'], ['grants', 'slots', 'runs']])
    expect(seen[1]?.generations).toEqual(await watcher.readGenerations())
  })

  it('goes on for the other listeners when one throws', async () => {
    watcher.watchGenerations(() => {
      throw new Error('a listener of ours is broken')
    })
    watcher.watchGenerations((change) => seen.push(change))
    await aRun(writer)
    await clock.advance(1_000)
    expect(seen).toHaveLength(1)
  })
})
