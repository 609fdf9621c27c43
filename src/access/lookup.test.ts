import { expect, it } from 'vitest'
import { createLookup } from './lookup.ts'

const clock = { monotonic: () => 0 }
const findStored = async (id: string): Promise<string | undefined> =>
  id.startsWith('known') ? id : undefined

it('finds those again who were known before everything was forgotten, while strangers guess', async () => {
  const lookup = createLookup(findStored, clock)
  expect(await lookup.find('known-1')).toBe('known-1')
  for (let i = 0; i < 100; i++) expect(await lookup.find(`guess-${i}`)).toBeUndefined()
  lookup.forget()
  lookup.forget()
  expect(lookup.known('known-1')).toBeUndefined()
  expect(await lookup.find('known-1')).toBe('known-1')
  await expect(lookup.find('known-2')).rejects.toMatchObject({ code: 'caller_throttled' })
  await expect(lookup.find('guess-x')).rejects.toMatchObject({ code: 'caller_throttled' })
})

it('knows nobody before who is there no more', async () => {
  const stored = new Set(['gone'])
  const lookup = createLookup(async (id) => (stored.has(id) ? id : undefined), clock)
  expect(await lookup.find('gone')).toBe('gone')
  stored.clear()
  lookup.forget()
  for (let i = 0; i < 100; i++) await lookup.find(`guess-${i}`)
  expect(await lookup.find('gone')).toBeUndefined()
  lookup.forget()
  await expect(lookup.find('gone')).rejects.toMatchObject({ code: 'caller_throttled' })
})
