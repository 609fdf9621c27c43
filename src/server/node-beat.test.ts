import { expect, it } from 'vitest'
import { createManualClock, type ProcessOwner } from '../kernel/index.ts'
import type { KeyStore } from '../store/index.ts'
import type { Vault } from '../vault/index.ts'
import { joinNodes } from './node-beat.ts'

it('a node that leaves waits a second for a store that does not answer, and beats no more', async () => {
  const clock = createManualClock()
  let beats = 0
  const keys = {
    beat: async () => {
      beats++
      return await Promise.resolve('one')
    },
    leave: async () => await new Promise<void>(() => {}),
  } as unknown as KeyStore
  const vault = { keyIds: ['one'], sealingKeyId: 'one' } as unknown as Vault
  const node = await joinNodes(keys, vault, {} as ProcessOwner, clock)
  await clock.advance(5_000)
  expect(beats).toBe(2)
  let hasLeft = false
  const leaving = node.leave().finally(() => {
    hasLeft = true
  })
  await clock.advance(999)
  expect(hasLeft).toBe(false)
  await clock.advance(1)
  await leaving
  await clock.advance(60_000)
  expect(beats).toBe(2)
  expect(clock.pending()).toBe(0)
})
