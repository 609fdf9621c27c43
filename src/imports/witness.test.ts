import { expect, it } from 'vitest'
import { createWitness } from './witness.ts'

it('says no where nobody else is left to be answered', async () => {
  const witness = createWitness()
  witness.enter()
  expect(await witness.waitForAnswer()).toBe(false)
})

it('says no once all who read wait for one another', async () => {
  const witness = createWitness()
  witness.enter()
  witness.enter()
  const waiting = [witness.waitForAnswer(), witness.waitForAnswer()]
  expect(await Promise.all(waiting)).toEqual([false, false])
})

it('says no once the last of the others has left without an answer', async () => {
  const witness = createWitness()
  witness.enter()
  const leave = witness.enter()
  const waiting = witness.waitForAnswer()
  leave()
  expect(await waiting).toBe(false)
})

it('says yes once another is answered, and forgets answers of before', async () => {
  const witness = createWitness()
  witness.enter()
  const leave = witness.enter()
  witness.asked()()
  const waiting = witness.waitForAnswer()
  witness.asked()()
  expect(await waiting).toBe(true)
  const again = witness.waitForAnswer()
  leave()
  expect(await again).toBe(false)
})

it('takes an answer that was on its way before for no sign', async () => {
  const witness = createWitness()
  witness.enter()
  const leave = witness.enter()
  const answered = witness.asked()
  const waiting = witness.waitForAnswer()
  answered()
  leave()
  expect(await waiting).toBe(false)
})
