import { describe, expect, it } from 'vitest'
import { createFailureWindows } from './failure-windows.ts'

function makeWindows(): {
  readonly windows: ReturnType<typeof createFailureWindows>
  readonly at: (tick: number) => void
} {
  let tick = 0
  const windows = createFailureWindows(
    { monotonic: () => tick },
    { perAddress: 3, overall: 5, windowMs: 1_000 },
  )
  return { windows, at: (next) => void (tick = next) }
}

describe('failures', () => {
  it('of one address keep that one waiting until its window is over, and nobody else', () => {
    const { windows, at } = makeWindows()
    for (let i = 0; i < 3; i++) {
      expect(windows.waitOf('a')).toBeUndefined()
      windows.note('a')
    }
    at(400)
    expect(windows.waitOf('a')).toBe(600)
    expect(windows.waitOf('b')).toBeUndefined()
    at(1_000)
    expect(windows.waitOf('a')).toBeUndefined()
  })

  it('of many addresses together keep everybody waiting', () => {
    const { windows } = makeWindows()
    for (const address of ['a', 'b', 'c', 'd', 'e']) windows.note(address)
    expect(windows.waitOf('f')).toBe(1_000)
  })

  it('of a hundred thousand addresses are held in bounded memory', () => {
    const windows = createFailureWindows(
      { monotonic: () => 0 },
      { perAddress: 1, overall: 1e9, windowMs: 1_000 },
    )
    for (let i = 0; i < 100_000; i++) windows.note(`10.0.${i}`)
    expect(windows.waitOf('10.0.99999')).toBe(1_000)
    expect(windows.waitOf('10.0.1')).toBeUndefined()
  })
})
