import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { compose, rotateKeys, type Composition } from '../../src/server/index.ts'
import { generateKey } from '../../src/vault/index.ts'
import type { CommandOutcome } from '../support/command.ts'
import type { ServiceProcess } from '../support/service-process.ts'
import { appScopes, makeWorld, scopeOf, type SharedWorld } from '../support/services.ts'

let world: SharedWorld
let composition: Composition | undefined
afterEach(async () => {
  await composition?.close()
  composition = undefined
  await world.close()
})

const files: Readonly<Record<string, string>> = { k1: './evergrant.key', k2: './second.key' }

/** Writes the ring that processes started from now on have, the first key first. */
async function ring(...ids: readonly string[]): Promise<void> {
  const text = await readFile(world.configPath, 'utf8')
  const keys = ids.map((id) => `{ id: ${id}, file: ${files[id]} }`).join(', ')
  await writeFile(
    world.configPath,
    text.replace(/^encryption:.*$/m, `encryption: { keys: [${keys}] }`),
  )
}

async function makeKeyedWorld(...options: Parameters<typeof makeWorld>): Promise<void> {
  world = await makeWorld(...options)
  await writeFile(join(world.folder, 'second.key'), generateKey().reveal(), { mode: 0o600 })
}

const rotate = (...options: readonly string[]): Promise<CommandOutcome> =>
  world.evergrant(['keys', 'rotate', ...options])

/** Leaves the store with a token, a refresh token and the sealed secret of a connection. */
async function fillStore(): Promise<void> {
  await world.adopt('strict')
  const { id, secret } = world.simulator.client
  await world.evergrant(
    `connections add stored --provider contoso --client-id ${id} --grant client_credentials --secret`.split(
      ' ',
    ),
    secret,
  )
  await world.evergrant(['token', 'app'])
}

/** Every value of the store opens with `k2` alone: nothing is lost, nothing needs the old key. */
async function expectOnlyNewKey(): Promise<void> {
  await ring('k2')
  expect((await rotate('--json')).json()).toEqual({
    sealing_key: 'k2',
    resealed: 0,
    unopened: 0,
    still_needed: [],
  })
  expect(await world.evergrant(['connections', 'test', 'stored'])).toMatchObject({ exit: 0 })
  expect(await world.evergrant(['connections', 'refresh', 'strict'])).toMatchObject({ exit: 0 })
}

describe.each(['SQLite', 'PostgreSQL'] as const)('a rotation of keys over %s', (store) => {
  it('is refused for a key that the ring lacks, and for a ring without the key that seals', async () => {
    await makeKeyedWorld(store)
    await fillStore()
    const missing = await rotate('--to', 'k9')
    expect(missing).toMatchObject({ exit: 2, out: '' })
    expect(missing.note).toContain('[key_missing]')

    await ring('k2')
    const token = await world.evergrant(['token', 'app'])
    expect(token.note).toContain('[key_wrong]')
    expect(await rotate()).toMatchObject({ exit: token.exit, out: '' })

    // Another key under the same name: nothing may be read, nothing may be written.
    await ring('k1')
    const right = await readFile(join(world.folder, 'evergrant.key'), 'utf8')
    await writeFile(join(world.folder, 'evergrant.key'), generateKey().reveal())
    for (const args of [
      ['token', 'app'],
      ['keys', 'rotate'],
      ['connections', 'remove', 'stored'],
    ]) {
      const { exit, note } = await world.evergrant(args)
      expect({ args, exit }).toEqual({ args, exit: 2 })
      expect(note).toContain('[key_wrong]')
    }
    await writeFile(join(world.folder, 'evergrant.key'), right)
    expect((await world.evergrant(['connections', 'test', 'stored'])).exit).toBe(0)
    expect((await world.evergrant(['connections', 'refresh', 'strict'])).exit).toBe(0)
  })

  it('is refused while a live process lacks the key, naming it, and not for one that died', async () => {
    await makeKeyedWorld(store)
    await fillStore()
    const service = await world.service()
    await ring('k1', 'k2')
    const refused = await rotate('--to', 'k2')
    expect(refused).toMatchObject({ exit: 3, out: '' })
    expect(refused.note).toContain('[key_not_everywhere]')
    expect(refused.note).toContain(`process ${service.pid} `)
    expect(Object.keys(await service.tokens('app', appScopes))[0]).not.toContain('error')

    service.kill('SIGKILL')
    await service.ended
    expect(await rotate('--to', 'k2')).toMatchObject({ exit: 0 })
    await expectOnlyNewKey()
  })

  it('goes on beneath three services that renew all the time, and loses nothing', async () => {
    await makeKeyedWorld(store, { tokenLifetimeSeconds: 2 })
    await fillStore()
    await world.adopt('overlap')
    await ring('k1', 'k2')
    const services = await Promise.all([world.service(), world.service(), world.service()])
    const over = new AbortController()
    const seen = new Set<string>()
    const errors = new Set<string>()
    const renewAllTheTime = async (service: ServiceProcess): Promise<void> => {
      while (!over.signal.aborted) {
        const all = await Promise.all([
          service.tokens('app', appScopes),
          service.tokens('strict', scopeOf('strict', 'one'), { upstream: 'one' }),
          service.tokens('overlap', scopeOf('overlap', 'one'), { upstream: 'one' }),
        ])
        for (const what of all.flatMap((one) => Object.keys(one))) {
          ;(what.includes(' ') ? errors : seen).add(what)
        }
      }
    }
    const renewing = services.map(renewAllTheTime)
    const moreTokens = async (): Promise<void> => {
      const before = seen.size
      await vi.waitFor(() => expect(seen.size).toBeGreaterThan(before + 2), { timeout: 10_000 })
    }
    await moreTokens()
    const rotated = await rotate('--to', 'k2')
    await moreTokens()
    over.abort()
    await Promise.all(renewing)
    expect(rotated).toMatchObject({ exit: 0, out: expect.stringMatching(/^done: everything/) })
    expect(rotated.note).toContain('sealing key k1 → k2; 4 live processes hold it')
    expect(rotated.note).toContain('all 4 live processes seal with it now')
    expect(rotated.note).toContain('key k1 seals nothing any more')
    expect([...errors]).toEqual([])
    await Promise.all(services.map((service) => service.close()))
    expect(world.simulator.stats().reuseDetected).toBe(0)
    await expectOnlyNewKey()
  })

  it('waits for a process that stalls, and goes on when it dies', async () => {
    await makeKeyedWorld(store)
    await fillStore()
    await ring('k1', 'k2')
    const service = await world.service()
    composition = await compose({ configPath: world.configPath, env: {}, role: 'main' })
    const {
      store: { keys },
      clock,
      identity,
      vault,
      beat,
    } = composition
    const steps = rotateKeys({ keys, clock, identity, keyIds: vault.keyIds, beat }, 'k2')
    expect((await steps.next()).value).toMatchObject({ step: 'switching', nodes: 2 })
    service.kill('SIGSTOP')
    const switched = steps.next()
    service.kill('SIGKILL')
    expect((await switched).value).toEqual({ step: 'switched', nodes: 1 })
    const rest = []
    for await (const { step } of steps) rest.push(step)
    expect(rest.slice(-2)).toEqual(['forgotten', 'done'])
    await composition.close()
    await expectOnlyNewKey()
  })

  it('takes the old key back when a process without the new one comes meanwhile', async () => {
    await makeKeyedWorld(store)
    await fillStore()
    await ring('k1', 'k2')
    composition = await compose({ configPath: world.configPath, env: {}, role: 'main' })
    const {
      store: { keys },
      clock,
      identity,
      vault,
      beat,
    } = composition
    const steps = rotateKeys({ keys, clock, identity, keyIds: vault.keyIds, beat }, 'k2')
    await steps.next()
    await ring('k1')
    const service = await world.service()
    await expect(steps.next()).rejects.toMatchObject({
      code: 'key_not_everywhere',
      detail: expect.stringContaining(`process ${service.pid} `),
    })
    expect(await keys.sealingKey()).toBe('k1')
    expect(Object.keys(await service.tokens('app', appScopes))[0]).not.toContain('error')
    expect([...(await keys.countByKey()).keys()]).toEqual(['k1'])
  })

  it('may be broken off at any step and run again', async () => {
    await makeKeyedWorld(store)
    await fillStore()
    await ring('k1', 'k2')
    for (const last of ['switching', 'switched', 'resealed']) {
      const begun = await compose({ configPath: world.configPath, env: {}, role: 'main' })
      const {
        store: { keys },
        clock,
        identity,
        vault,
        beat,
      } = begun
      for await (const { step } of rotateKeys(
        { keys, clock, identity, keyIds: vault.keyIds, beat },
        'k2',
      )) {
        if (step === last) break
      }
      await begun.close()
      expect(await world.evergrant(['connections', 'show', 'strict'])).toMatchObject({ exit: 0 })
    }
    expect(await rotate('--to', 'k2')).toMatchObject({ exit: 0 })
    await expectOnlyNewKey()
  })
})
