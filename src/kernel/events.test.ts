import { describe, expect, it } from 'vitest'
import { createEventBus, type EvergrantEvent } from './events.ts'

const event = (at: number): EvergrantEvent => ({ type: 'test.happened', at })

describe('an event bus', () => {
  it('shields emitter and listeners from a listener that throws', () => {
    const errors: unknown[] = []
    const seen: number[] = []
    const bus = createEventBus((error) => errors.push(error))
    const fault = new Error('broken listener')
    bus.on(() => {
      throw fault
    })
    bus.on(({ at }) => seen.push(at))
    bus.emit(event(1))
    expect([errors, seen]).toEqual([[fault], [1]])
  })

  it('shields the emitter even when nobody takes the errors of listeners', () => {
    const bus = createEventBus()
    bus.on(() => {
      throw new Error('broken listener')
    })
    expect(() => bus.emit(event(1))).not.toThrow()
  })

  it('shields the emitter when the taker of errors throws itself', () => {
    const seen: number[] = []
    const bus = createEventBus(() => {
      throw new Error('broken taker')
    })
    bus.on(() => {
      throw new Error('broken listener')
    })
    bus.on(({ at }) => seen.push(at))
    expect(() => bus.emit(event(1))).not.toThrow()
    expect(seen).toEqual([1])
  })

  it('delivers in order, in the turn of the emitter', () => {
    const seen: string[] = []
    const bus = createEventBus()
    bus.on(({ at }) => seen.push(`first ${at}`))
    bus.on(({ at }) => seen.push(`second ${at}`))
    bus.emit(event(1))
    bus.emit(event(2))
    expect(seen).toEqual(['first 1', 'second 1', 'first 2', 'second 2'])
  })

  it('stops delivering to a listener that left, and only to it', () => {
    const seen: string[] = []
    const listener = ({ at }: EvergrantEvent): void => void seen.push(`a ${at}`)
    const bus = createEventBus()
    const leave = bus.on(listener)
    bus.on(listener)
    bus.on(({ at }) => seen.push(`b ${at}`))
    leave()
    leave()
    bus.emit(event(1))
    expect(seen).toEqual(['a 1', 'b 1'])
  })
})
