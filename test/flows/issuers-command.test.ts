import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bearer, startBearerService, type BearerService } from '../support/bearer-service.ts'
import { runCommand, type CommandOutcome } from '../support/command.ts'

let service: BearerService
beforeAll(async () => {
  service = await startBearerService()
  const key = await service.addCaller('ops', { role: 'operator' })
  await writeFile(join(service.workspace.folder, 'ops.key'), key, { mode: 0o600 })
})
afterAll(() => service.close())

const issuers = (...args: readonly string[]): Promise<CommandOutcome> =>
  runCommand(['issuers', ...args, '--url', service.url, '--key-file', 'ops.key'], {
    cwd: service.workspace.folder,
  })

describe('evergrant issuers', () => {
  it('wants a key that may', async () => {
    const viewer = await service.addCaller('grafana', { role: 'viewer' })
    const { exit, note } = await runCommand(['issuers', 'list', '--url', service.url], {
      cwd: service.workspace.folder,
      env: { EVERGRANT_KEY: viewer },
    })
    expect(exit).toBe(3)
    expect(note).toContain('[role_missing]')
  })

  it('tells of an issuer that is not there', async () => {
    const { exit, note } = await issuers('refresh', 'nobody')
    expect(exit).toBe(2)
    expect(note).toContain('[issuer_unknown]')
  })

  it('lists issuers, fetches their keys, and shows what is wrong', async () => {
    expect((await issuers('list')).out).toContain('unasked')
    const { out } = await issuers('refresh', 'lab')
    expect(out).toMatch(/lab .*fresh .*key-1/)
    service.issuer.breakKeys((response) => response.writeHead(500).end())
    await issuers('refresh', 'lab')
    const failing = await issuers('list')
    expect(failing.out).toContain('failing')
    expect(failing.out).toContain('answered 500')
    service.issuer.breakKeys(undefined)
    const [first] = JSON.parse((await issuers('list', '--json')).out) as Record<string, unknown>[]
    expect(first).toMatchObject({ issuer: 'lab', keys: ['key-1'] })
  })

  it('shows refused tokens by the id of the request', async () => {
    expect((await issuers('refusals')).out).toContain('no token was refused')
    const answer = await service.get('/metrics', bearer(service.issuer.token({ aud: 'other' })))
    const { request_id } = (await answer.json()) as { request_id: string }
    const { out } = await issuers('refusals')
    expect(out).toContain('token_audience_refused')
    expect(out).toContain(request_id)
    expect((await issuers('refusals', '--issuer', 'other')).out).toContain('no token was refused')
  })
})
