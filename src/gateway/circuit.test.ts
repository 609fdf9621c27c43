import { describe, expect, it } from 'vitest'
import { createManualClock, isEvergrantError } from '../kernel/index.ts'
import { createCircuit, type CircuitPass } from './circuit.ts'

function makeCircuit() {
  const clock = createManualClock()
  const changes: boolean[] = []
  const circuit = createCircuit({
    clock,
    origin: 'https://api.example',
    threshold: 2,
    onChange: (isOpen) => changes.push(isOpen),
  })
  const enter = (): CircuitPass => {
    const pass = circuit.enter()
    if (isEvergrantError(pass)) throw pass
    return pass
  }
  const isOpen = (): boolean => isEvergrantError(circuit.enter())
  const open = (): void => {
    enter().fail()
    enter().fail()
  }
  return { clock, circuit, changes, enter, isOpen, open }
}

describe('a circuit', () => {
  it('opens after failures in a row, and an answer between them begins the count again', () => {
    const { enter, circuit, changes } = makeCircuit()
    enter().fail()
    enter().succeed()
    enter().fail()
    expect(changes).toEqual([])
    enter().fail()
    expect(changes).toEqual([true])
    expect(circuit.enter()).toMatchObject({ code: 'circuit_open', retryAfterMs: 1_000 })
  })

  it('lets one call through when its pause is over, and pauses twice as long when that fails', async () => {
    const { clock, enter, isOpen, open } = makeCircuit()
    open()
    await clock.advance(1_000)
    const probe = enter()
    expect(isOpen()).toBe(true)
    probe.fail()
    await clock.advance(1_999)
    expect(isOpen()).toBe(true)
    await clock.advance(1)
    enter().succeed()
    expect([isOpen(), isOpen()]).toEqual([false, false])
  })

  it('lets another call through at once when a probe left without a word', async () => {
    const { clock, enter, isOpen, open, changes } = makeCircuit()
    open()
    await clock.advance(1_000)
    enter().leave()
    const probe = enter()
    expect(isOpen()).toBe(true)
    probe.succeed()
    probe.leave()
    expect(changes).toEqual([true, false])
    expect(isOpen()).toBe(false)
  })

  it('believes no failure of a call that was under way before, nor the leaving of one', async () => {
    const { clock, enter, isOpen, open } = makeCircuit()
    const [early, other] = [enter(), enter()]
    open()
    await clock.advance(1_000)
    const probe = enter()
    early.fail()
    other.leave()
    expect(isOpen()).toBe(true)
    probe.leave()
    expect(isOpen()).toBe(false)
  })

  it('takes a probe that says nothing for half a minute for lost, and its late word for nothing', async () => {
    const { clock, enter, isOpen, open } = makeCircuit()
    open()
    await clock.advance(1_000)
    const lost = enter()
    await clock.advance(30_000)
    const probe = enter()
    lost.fail()
    lost.leave()
    expect(isOpen()).toBe(true)
    probe.succeed()
    expect(isOpen()).toBe(false)
  })
})
