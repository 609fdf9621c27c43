import { readFile, writeFile } from 'node:fs/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/kernel/index.ts'
import { diagnose, type Check } from '../../src/server/index.ts'
import { runCommand, type CommandOutcome } from '../support/command.ts'
import {
  makeWorkspace,
  tenantId,
  type Workspace,
  type WorkspaceOptions,
} from '../support/workspace.ts'

let workspace: Workspace
const open = async (options: WorkspaceOptions = {}): Promise<Workspace> => {
  workspace = await makeWorkspace({ users: 10, ...options })
  return workspace
}
afterEach(() => workspace.close())

const evergrant = (...args: readonly string[]): Promise<CommandOutcome> =>
  runCommand(args, { cwd: workspace.folder })

describe('an unknown connection', () => {
  it.each([
    ['token'],
    ['connections show'],
    ['connections test'],
    ['connections refresh'],
    ['doctor'],
  ])('is answered by `%s` with the name that was meant', async (command) => {
    await open()
    const { exit, note } = await evergrant(...command.split(' '), 'contoso-grpah')
    expect(exit).toBe(2)
    expect(note).toContain('[connection_unknown]')
    expect(note).toContain('did you mean "contoso-graph"?')
  })
})

describe('token', () => {
  it('says which forms of output there are', async () => {
    await open()
    const { exit, out, note } = await evergrant('token', 'contoso-graph', '--output', 'xml')
    expect({ exit, out }).toEqual({ exit: 2, out: '' })
    expect(note).toContain('expected "token", "json", "azure-cli", "kubernetes"')
    expect(workspace.simulator.stats().tokenRequests).toBe(0)
  })

  it.each([
    ['--tenant', 'other.example', `is for tenant "${tenantId}"`],
    ['--resource', 'https://vault.azure.net', 'is for resource "https://graph.microsoft.com"'],
  ])('refuses a %s that is not the connection’s', async (option, value, said) => {
    await open()
    const { exit, out, note } = await evergrant('token', 'contoso-graph', option, value)
    expect({ exit, out }).toEqual({ exit: 2, out: '' })
    expect(note).toContain(said)
    expect(workspace.simulator.stats().tokenRequests).toBe(0)
  })

  it('refuses a duration without a unit', async () => {
    await open()
    const { exit, note } = await evergrant('token', 'contoso-graph', '--min-remaining', '5')
    expect(exit).toBe(2)
    expect(note).toContain('--min-remaining')
  })

  it('refuses a fresh token that lives shorter than asked, after one request', async () => {
    await open({ tokenLifetimeSeconds: 60 })
    const { exit, out, note } = await evergrant('token', 'contoso-graph', '--min-remaining', '5m')
    expect({ exit, out }).toEqual({ exit: 4, out: '' })
    expect(note).toContain('[token_life_too_short]')
    expect(workspace.simulator.stats().tokenRequests).toBe(1)
  })

  it('prints the token and a line break, nothing else, and asks once for two commands', async () => {
    await open()
    const wishes = '--min-remaining 5m --resource https://graph.microsoft.com --tenant'.split(' ')
    const first = await evergrant('token', 'contoso-graph', ...wishes, tenantId)
    expect(first).toMatchObject({ exit: 0, note: '' })
    expect(first.out).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)
    const second = await evergrant('token', 'contoso-graph')
    expect(second.out).toBe(first.out)
    expect(workspace.simulator.stats().tokenRequests).toBe(1)
  })

  it('prints the whole answer as JSON', async () => {
    await open()
    const answer = await evergrant('token', 'contoso-graph', '--output', 'json')
    expect(answer.json()).toEqual({
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      token_type: 'Bearer',
      expires_in: expect.toSatisfy((seconds: number) => seconds > 3_500 && seconds <= 3_599),
      expires_at: expect.stringMatching(/^\d{4}-.*Z$/),
      resource: 'https://graph.microsoft.com',
    })
  })

  it('exits with 3 and the remedy when the secret is wrong', async () => {
    const { simulator } = await open()
    simulator.control.setSecrets([{ value: 'another' }])
    const { exit, out, note } = await evergrant('token', 'contoso-graph')
    expect({ exit, out }).toEqual({ exit: 3, out: '' })
    expect(note).toContain('[client_rejected]')
    expect(note).toContain('AADSTS7000215')
  })
})

describe('connections list and show', () => {
  it('tell of a failure with its remedy, and of the state it left', async () => {
    const { simulator } = await open()
    simulator.control.setSecrets([{ value: 'another' }])
    await evergrant('token', 'contoso-graph')
    const [connection] = (await evergrant('connections', 'list', '--json')).json() as unknown[]
    expect(connection).toMatchObject({
      name: 'contoso-graph',
      state: 'lapsed',
      last_failure: { code: 'client_rejected', remedy: expect.stringContaining('secret') },
    })
    const { out } = await evergrant('connections', 'show', 'contoso-graph')
    expect(out).toMatch(/^state +lapsed$/m)
    expect(out).toMatch(/^last failure .*\[client_rejected\]\n(?:.*\n){1,2} +→ .*\n +1\. /m)
  })

  it('ask nobody and tell that there never was a token', async () => {
    await open()
    const { out } = await evergrant('connections', 'list')
    expect(out.split('\n')[1]).toMatch(/^contoso-graph +unused +- +never +contoso /)
    expect(workspace.simulator.stats().tokenRequests).toBe(0)
  })

  it('tell the life of the token that another command obtained', async () => {
    await open()
    await evergrant('token', 'contoso-graph')
    const shown = (await evergrant('connections', 'show', 'contoso-graph', '--json')).json()
    expect(shown).toMatchObject({
      state: 'valid',
      provider: 'contoso',
      provider_type: 'entra',
      tenant: tenantId,
      client_id: workspace.simulator.client.id,
      grant: 'client_credentials',
      resource: 'https://graph.microsoft.com',
      refresh_count: 1,
      last_failure: null,
      token_remaining_seconds: expect.toSatisfy((seconds: number) => seconds > 3_500),
    })
  })
})

describe('connections test', () => {
  it('names the permission to grant, and to which application, when Graph refuses', async () => {
    await open({ permissions: [] })
    const { exit, out } = await evergrant('connections', 'test', 'contoso-graph')
    expect(exit).toBe(3)
    expect(out).toMatch(/^ok +token .*\nfail +users /)
    expect(out).toContain(`the application ${workspace.simulator.client.id}`)
    expect(out).toContain('User.Read.All')
  })

  it('ends at the token with 4 while the provider is down', async () => {
    const { simulator } = await open()
    simulator.control.outage(true)
    const tested = await evergrant('connections', 'test', 'contoso-graph', '--json')
    expect(tested.exit).toBe(4)
    expect(tested.json()).toMatchObject([{ check: 'token', status: 'fail' }])
  })

  it('renews a token that Graph refuses, as an import would, and says so', async () => {
    const { simulator } = await open()
    await evergrant('token', 'contoso-graph')
    simulator.control.expireTokens()
    const tested = await evergrant('connections', 'test', 'contoso-graph', '--json')
    expect(tested.exit).toBe(0)
    expect(tested.json()).toMatchObject([
      { check: 'token', status: 'ok', found: expect.stringContaining('from the store') },
      { check: 'token', status: 'warn', found: expect.stringContaining('expired') },
      { check: 'users', status: 'ok' },
    ])
  })

  it.each([
    ['a sign-in page', 'html'],
    ['an error object', 'ok_with_error_body'],
  ] as const)('does not take %s with status 200 for users', async (_, kind) => {
    const { simulator } = await open()
    simulator.control.addFault({ match: { kind: 'users' }, effect: { kind } })
    const tested = await evergrant('connections', 'test', 'contoso-graph', '--json')
    expect(tested.exit).toBe(4)
    expect(tested.json()).toMatchObject([{}, { code: 'graph_answer_invalid' }])
  })
})

describe('connections refresh', () => {
  it('fails with the provider’s reason while the old token lives on', async () => {
    const { simulator } = await open()
    await evergrant('token', 'contoso-graph')
    simulator.control.setSecrets([{ value: 'another' }])
    const { exit, out, note } = await evergrant('connections', 'refresh', 'contoso-graph')
    expect({ exit, out }).toEqual({ exit: 3, out: '' })
    expect(note).toContain('[client_rejected]')
    expect(note).toContain('the old token still serves, for 59 m')
    expect((await evergrant('token', 'contoso-graph')).exit).toBe(0)
  })

  it('obtains a new token though the old one is fresh, and tells both ends', async () => {
    await open()
    const old = await evergrant('token', 'contoso-graph')
    const refreshed = await evergrant('connections', 'refresh', 'contoso-graph', '--json')
    expect(refreshed).toMatchObject({ exit: 0, note: '' })
    expect(refreshed.json()).toEqual({
      name: 'contoso-graph',
      old_expires_at: expect.stringMatching(/Z$/),
      new_expires_at: expect.stringMatching(/Z$/),
    })
    expect((await evergrant('token', 'contoso-graph')).out).not.toBe(old.out)
    expect(workspace.simulator.stats().tokenRequests).toBe(2)
  })
})

describe('doctor', () => {
  it('finds everything in place, and makes no store', async () => {
    await open({ tokenLifetimeSeconds: 120 })
    const { exit, out, note } = await evergrant('doctor')
    expect({ exit, note }).toEqual({ exit: 0, note: 'everything is in place\n' })
    expect(out).toContain('evergrant.db is not there yet')
    expect(out).toContain('agrees with 127.0.0.1')
    // Half of its two minutes is kept in reserve: 401 pages at a second take seven tokens.
    expect(out).toContain('lives 2 m 0 s')
    expect(out).toContain('400,000 users at 1 s a page (6 m 41 s) would need 6 renewals')
    expect(out).toContain('the token names User.Read.All')
    await expect(readFile(workspace.path('evergrant.db'))).rejects.toThrow('ENOENT')
  })

  it('opens a store that exists with its key, and refuses another key', async () => {
    await open()
    await evergrant('token', 'contoso-graph')
    expect((await evergrant('doctor')).out).toMatch(/^ok +store .*opens with key "k1"/m)
    await writeFile(workspace.path('evergrant.key'), Buffer.alloc(32, 'ab').toString('base64'))
    const { exit, out } = await evergrant('doctor')
    expect(exit).toBe(2)
    expect(out).toMatch(/^fail +store /m)
    expect(out).toMatch(/^ok +users /m)
  })

  it.each([
    [90_000, 'ahead of'],
    [-90_000, 'behind'],
  ])('warns of a clock that is off by %d ms', async (offsetMs, direction) => {
    const { configPath } = await open()
    const clock = { ...systemClock, now: () => systemClock.now() + offsetMs }
    const checks: Check[] = []
    for await (const check of diagnose({ configPath, env: {}, clock })) checks.push(check)
    expect(checks.find(({ check }) => check === 'clock')).toMatchObject({
      status: 'warn',
      found: expect.stringMatching(new RegExp(`^1 m (29|30|31) s ${direction} 127`)),
      remedy: expect.stringContaining('NTP'),
    })
  })

  it('exits with 3 and names the permission when users cannot be read', async () => {
    await open({ permissions: ['Group.Read.All'] })
    const { exit, out } = await evergrant('doctor', 'contoso-graph')
    expect(exit).toBe(3)
    expect(out).toMatch(/^ok +permissions .*Group\.Read\.All$/m)
    expect(out).toMatch(/^fail +users /m)
    expect(out).toContain('Application permissions > User.Read.All')
  })

  it('names the step at which TLS fails', async () => {
    await open({ https: true })
    const diagnosis = await evergrant('doctor', '--json')
    expect(diagnosis.exit).toBe(4)
    expect(diagnosis.json()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ check: 'authority tcp', status: 'ok' }),
        expect.objectContaining({
          check: 'authority tls',
          status: 'fail',
          found: expect.stringContaining('self-signed'),
        }),
        expect.objectContaining({ check: 'graph tcp', status: 'ok' }),
      ]),
    )
  })

  it('tries the next credential after a rejected one, warning of the first and of its noted end', async () => {
    await open()
    const written = await readFile(workspace.configPath, 'utf8')
    await writeFile(workspace.path('old-secret'), 'worn-out', { mode: 0o600 })
    await writeFile(
      workspace.configPath,
      written.replace(
        '- secret: { file: ./secret }',
        '- { secret: { file: ./old-secret }, expiresAt: 2020-01-01 }\n        - secret: { file: ./secret }',
      ),
    )
    const { exit, out } = await evergrant('doctor')
    expect(exit).toBe(0)
    expect(out).toMatch(/^warn +credential expiry .*credential 1 ended on 2020-01-01/m)
    expect(out).toMatch(/^warn +token .*credential 1: .*AADSTS7000215/m)
    expect(out).toMatch(/^ok +token .*credential 2: issued/m)
  })

  it('exits with the lowest code of what failed', async () => {
    const { simulator } = await open()
    simulator.control.outage(true)
    expect((await evergrant('doctor')).exit).toBe(4)
    await writeFile(workspace.path('evergrant.key'), 'no key')
    expect((await evergrant('doctor')).exit).toBe(2)
  })
})
