import { describe, expect, it } from 'vitest'
import { isCertainlyGone, ownerOf, type ProcessIdentity } from './process-owner.ts'

const identity: ProcessIdentity = {
  bootId: 'boot',
  pidNamespace: 'pids',
  pid: 1,
  processStart: '100',
  startOf: () => '100',
}
const owner = { ...ownerOf(identity, 'other'), pid: 2, processStart: '200' }

describe('an owner', () => {
  it.each([
    ['of another boot', owner, { bootId: 'other' }],
    ['of another pid namespace', owner, { pidNamespace: 'other' }],
    ['where boots cannot be told apart', { ...owner, bootId: '' }, { bootId: '' }],
    ['where namespaces cannot be told apart', { ...owner, pidNamespace: '' }, { pidNamespace: '' }],
  ])('%s is never certainly gone', (_name, theirs, change) => {
    const seen = { ...identity, ...change, startOf: () => undefined }
    expect(isCertainlyGone(theirs, seen)).toBe(false)
  })

  it('whose process is there but hidden is not taken for gone', () => {
    expect(isCertainlyGone(owner, { ...identity, startOf: () => '' })).toBe(false)
  })

  it('that could not see its own start is gone only when nobody has its pid', () => {
    const blind = { ...owner, processStart: '' }
    expect(isCertainlyGone(blind, identity)).toBe(false)
    expect(isCertainlyGone(blind, { ...identity, startOf: () => undefined })).toBe(true)
  })

  it('is gone when nobody has its pid, or a process that started at another time', () => {
    expect(isCertainlyGone(owner, { ...identity, startOf: () => undefined })).toBe(true)
    expect(isCertainlyGone(owner, { ...identity, startOf: () => '300' })).toBe(true)
    expect(isCertainlyGone(owner, { ...identity, startOf: () => '200' })).toBe(false)
  })
})
