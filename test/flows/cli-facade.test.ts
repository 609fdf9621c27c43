import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand, type CommandOutcome } from '../support/command.ts'
import { makeWorkspace, type Workspace } from '../support/workspace.ts'

const callback = 'https://contoso.my.salesforce.com/services/authcallback/Evergrant'

let workspace: Workspace
beforeAll(async () => {
  workspace = await makeWorkspace({ users: 1 })
})
afterAll(() => workspace.close())

const run = async (...args: readonly string[]): Promise<CommandOutcome> =>
  await runCommand(['facade', ...args], { cwd: workspace.folder })
const add = async (name: string, ...more: readonly string[]): Promise<CommandOutcome> =>
  await run('add', name, '--connection', 'contoso-graph', '--redirect-uri', callback, ...more)

describe('evergrant facade', () => {
  it.each([
    [
      'a connection that is not there',
      ['--connection', 'contoso'],
      'there is no connection "contoso"',
    ],
    ['an upstream that is not there', ['--connection', 'contoso-graph:arm'], 'no upstream "arm"'],
    ['an unsafe address', ['--redirect-uri', 'http://app.example/cb'], 'expected https'],
    ['an unknown product', ['--for', 'jira'], 'salesforce'],
    ['an unknown kind of token', ['--tokens', 'mine'], 'gateway'],
    ['a grace without unit', ['--rotate', '--grace', '60'], '"60"'],
  ])('refuses %s', async (_, more, said) => {
    const refused = await add('never', ...more)
    expect(refused.exit).toBe(2)
    expect(refused.note).toContain(said)
    expect((await run('list', '--json')).json()).toEqual([])
  })

  it('fills the form of a product in, with the secret this once', async () => {
    const added = await add('salesforce', '--for', 'salesforce')
    expect(added).toMatchObject({ exit: 0, note: '' })
    const secret = /Consumer Secret +(egc_\S{43})\n/.exec(added.out)?.[1] ?? 'none'
    expect(added.out).toMatch(/URL Suffix +Evergrant\n/)
    expect(added.out).toMatch(/Consumer Key +fac_[0-9a-f-]{36}\n/)
    expect(added.out).toMatch(/Authorize Endpoint URL +http\S+\/oauth\/contoso-graph\/authorize\n/)
    expect(added.out).toMatch(/URL +http\S+\/proxy\/contoso-graph\n/)
    const shown = await run('show', 'salesforce', '--for', 'salesforce')
    expect(shown.out).toContain('(shown once, when it was made)')
    for (const { out } of [shown, await run('list'), await run('show', 'salesforce', '--json')]) {
      expect(out).not.toContain(secret)
    }
    expect(await add('salesforce')).toMatchObject({ exit: 2 })
  })

  it.each(['power-platform', 'n8n'])('knows the form of %s', async (product) => {
    const added = await add(product, '--for', product, '--no-secret-on-refresh', '--json')
    expect(added.json()).toMatchObject({
      name: product,
      client_secret: expect.stringMatching(/^egc_/) as string,
      secret_on_refresh: false,
      form: { product },
    })
  })

  it('warns of clients that are handed the provider’s own tokens', async () => {
    const added = await add('direct', '--tokens', 'upstream', '--pkce', 'required')
    expect(added.note).toContain('own tokens')
    expect((await run('show', 'direct', '--json')).json()).toMatchObject({
      tokens: 'upstream',
      pkce: 'required',
      authorizations: 0,
    })
  })

  it('approves clients without secret, and only them', async () => {
    const added = await add('native', '--public', '--json')
    expect(added.json()).toMatchObject({ public: true, rotate: true, grace_ms: 60_000 })
    expect(added.json()).not.toHaveProperty('client_secret')
    expect((await run('approve', 'native', '--json')).json()).toHaveProperty('approved_at')
    expect((await run('approve', 'salesforce')).exit).toBe(2)
    expect((await run('rotate-secret', 'native')).exit).toBe(2)
  })

  it('replaces a secret, and revokes', async () => {
    const rotated = await run('rotate-secret', 'salesforce')
    expect(rotated.out).toMatch(/^egc_[\w-]{43}\n$/)
    expect((await run('revoke', 'salesforce')).out).toBe('salesforce: revoked\n')
    expect((await run('revoke', 'salesforce')).note).toContain('facade list')
    expect((await run('list')).out).not.toContain('salesforce')
    expect((await run('list', '--revoked')).out).toMatch(/salesforce .* revoked\n/)
  })
})
