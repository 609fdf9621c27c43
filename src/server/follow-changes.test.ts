import { describe, expect, it } from 'vitest'
import { createManualClock, EvergrantError } from '../kernel/index.ts'
import { createFollower, type Follower } from './follow-changes.ts'

interface World {
  readonly follower: Follower
  readonly done: string[]
  readonly clock: ReturnType<typeof createManualClock>
  fault: Error | undefined
}

function createWorld(): World {
  const clock = createManualClock()
  const done: string[] = []
  const world: { fault: Error | undefined } = { fault: undefined }
  const work = (name: string) => async (): Promise<void> => {
    if (world.fault !== undefined) throw world.fault
    done.push(name)
  }
  const follower = createFollower({
    engine: { notice: async (topics) => void done.push(`notice ${topics.join(' ')}`) },
    reloadConnections: work('reload'),
    beat: work('beat'),
    clock,
  })
  return Object.assign(world, { follower, done, clock })
}

describe('a change of another process', () => {
  it('that cannot be read at once is read every second until it can', async () => {
    const world = createWorld()
    world.fault = new EvergrantError('store_unavailable', 'test')
    await world.follower.follow(['connections', 'keys'])
    await world.clock.advance(2_500)
    expect(world.done).toEqual(['notice connections keys'])
    world.fault = undefined
    await world.clock.advance(1_000)
    expect(world.done.slice(1)).toEqual(['reload', 'beat'])
    expect(world.clock.pending()).toBe(0)
  })

  it('to grants is noticed although connections cannot be read', async () => {
    const world = createWorld()
    world.fault = new EvergrantError('store_busy', 'test')
    await world.follower.follow(['grants', 'connections'])
    expect(world.done).toEqual(['notice grants connections'])
    world.follower.end()
    expect(world.clock.pending()).toBe(0)
  })

  it('to keys that this ring lacks is not tried again: every beat says so', async () => {
    const world = createWorld()
    world.fault = new EvergrantError('key_wrong', 'test')
    await world.follower.follow(['keys'])
    expect(world.clock.pending()).toBe(0)
  })

  it('is told to the engine after the connections were read', async () => {
    const world = createWorld()
    await world.follower.follow(['connections', 'slots'])
    expect(world.done).toEqual(['reload', 'notice connections slots'])
  })
})
