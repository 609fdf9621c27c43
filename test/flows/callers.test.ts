import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { startServing, type Serving } from '../../src/server/index.ts'
import type { CommandOutcome } from '../support/command.ts'
import { makeWorld, type SharedWorld } from '../support/services.ts'

let world: SharedWorld
let serving: Serving | undefined
afterEach(async () => {
  await serving?.close(0)
  serving = undefined
  await world.close()
})

/** Runs `evergrant callers …`. */
const callers = (...args: readonly string[]): Promise<CommandOutcome> =>
  world.evergrant(['callers', ...args])

describe('callers', () => {
  it('are refused with the reason, and nobody is made then', async () => {
    world = await makeWorld('SQLite')
    const refusals: readonly (readonly [args: string, code: string, said: string])[] = [
      ['add one --connections ap', 'connection_unknown', 'did you mean "app"?'],
      ['add one --connections app,nothing-like-it', 'connection_unknown', '"nothing-like-it"'],
      ['add one --connections app@contoso', 'usage', 'without tenant'],
      ['add one --connections app,*', 'usage', '"*" stands alone'],
      ['add one', 'usage', 'no connection and no role'],
      ['add One --connections app', 'usage', '"One"'],
      ['add one --connections app --role root', 'usage', 'viewer, operator, admin'],
      ['add one --connections app --rate fast', 'usage', '--rate: expected a number'],
      ['add one --connections app --rate 0', 'usage', 'above 0'],
      ['add one --connections app --concurrency 1.5', 'usage', 'whole number'],
      ['add one --connections overlap --upstream on', 'usage', 'has no upstream "on"'],
      ['add one --connections app --upstream one', 'usage', 'connection "app" has no upstream'],
      ['revoke one', 'caller_unknown', '"one"'],
    ]
    for (const [args, code, said] of refusals) {
      const { exit, out, note } = await callers(...args.split(' '))
      expect({ args, exit, out }).toEqual({ args, exit: 2, out: '' })
      expect(note).toContain(`[${code}]`)
      expect(note).toContain(said)
    }
    expect((await callers('list', '--json')).json()).toEqual([])
    expect((await callers('list')).out).toContain('no callers')
  })

  it('are made with a key that is printed once, listed without it, and revoked', async () => {
    world = await makeWorld('SQLite')
    const plain = await callers('add', 'crm', '--connections', 'app')
    expect(plain.exit).toBe(0)
    expect(plain.out).toMatch(/^egk_[\da-f]{32}_[\w-]{43}\n$/)
    const key = plain.out.trim()
    expect(plain.note).toContain('crm may call app.')
    expect(plain.note).toContain('/proxy/app/')
    expect(plain.note).not.toContain(key)
    const full = await callers(
      ...'add ops --connections overlap,app --role operator --allow-tokens --rate 2.5'.split(' '),
      ...'--concurrency 4 --json'.split(' '),
    )
    expect(full.json()).toMatchObject({
      name: 'ops',
      key: expect.stringMatching(/^egk_/) as string,
    })
    expect(await callers('add', 'crm', '--connections', '*')).toMatchObject({ exit: 2 })

    expect((await callers('list', '--json')).json()).toEqual([
      {
        id: expect.stringMatching(/^clr_/) as string,
        name: 'crm',
        role: null,
        connections: ['app'],
        upstream: null,
        allow_tokens: false,
        rate: null,
        concurrency: null,
        created_at: expect.stringMatching(/Z$/) as string,
        revoked_at: null,
      },
      expect.objectContaining({
        name: 'ops',
        role: 'operator',
        connections: ['overlap', 'app'],
        allow_tokens: true,
        rate: 2.5,
        concurrency: 4,
      }),
    ])
    expect((await callers('revoke', 'crm')).out).toBe('crm: revoked\n')
    expect(await callers('revoke', 'crm')).toMatchObject({ exit: 2 })
    expect((await callers('list')).out).not.toContain('crm')
    const all = await callers('list', '--revoked')
    expect(all.out).toMatch(/crm .*revoked/)
    expect(await callers('add', 'crm', '--connections', '*')).toMatchObject({ exit: 0 })

    const files = (await readdir(world.folder)).filter((file) => file.startsWith('evergrant.db'))
    const bytes = files.map((file) => readFile(join(world.folder, file), 'latin1'))
    const stored = (await Promise.all(bytes)).join('')
    expect(stored).toContain('operator')
    expect(stored).not.toContain(key.slice(-43))
  })
})

describe.each(['SQLite', 'PostgreSQL'] as const)('a caller in %s', (store) => {
  it('is known to running processes at once, and refused by them within a second', async () => {
    world = await makeWorld(store)
    serving = await startServing({
      configPath: world.configPath,
      env: {},
      listen: { host: '127.0.0.1', port: 0 },
      keepAlive: false,
      logTo: { write: () => {} },
    })
    const { url } = serving
    const added = await callers('add', 'crm', '--connections', 'app', '--role', 'viewer')
    const statusOf = async (headers: Record<string, string>): Promise<number> => {
      const answer = await fetch(`${url}/metrics`, { headers })
      await answer.text()
      return answer.status
    }
    const key = added.out.trim()
    expect(await statusOf({})).toBe(401)
    expect(await statusOf({ authorization: `Bearer ${key}` })).toBe(200)
    expect(await statusOf({ 'evergrant-key': key })).toBe(200)
    await callers('revoke', 'crm')
    const isRefused = async (): Promise<void> =>
      expect(await statusOf({ authorization: `Bearer ${key}` })).toBe(401)
    await vi.waitFor(isRefused, { timeout: 1_200, interval: 40 })
  })
})
