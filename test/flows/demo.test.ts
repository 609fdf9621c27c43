import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { playBearer } from '../../src/cli/demo-bearer.ts'
import { demoAccounts, demoPermissions, playConsent } from '../../src/cli/demo-consent.ts'
import { writeDemoFolder } from '../../src/cli/demo-folder.ts'
import { playGateway } from '../../src/cli/demo-gateway.ts'
import { leaveOpen } from '../../src/cli/demo-open.ts'
import { playMishaps } from '../../src/cli/demo-mishaps.ts'
import { hostIo, type CliIo } from '../../src/cli/io.ts'
import { compose } from '../../src/server/index.ts'
import { startSimulator, type Simulator } from '../../src/simulator/index.ts'
import { runCommand } from '../support/command.ts'

describe('the demo', () => {
  let folder: string
  let simulator: Simulator
  beforeAll(async () => {
    simulator = await startSimulator()
  })
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'evergrant-demo-'))
  })
  afterEach(async () => {
    simulator.control.reset()
    await rm(folder, { recursive: true })
  })
  afterAll(() => simulator.close())

  it('plays its second act although a renewal failed just before', async () => {
    const configPath = await writeDemoFolder(folder, simulator)
    const migrated = await compose({ configPath, env: {}, role: 'main' })
    await migrated.close()
    simulator.control.addFault({
      match: { kind: 'token', times: 1 },
      effect: { kind: 'status', status: 503, retryAfter: 1 },
    })
    const context = { io: { ...hostIo, env: {} }, exitWith: () => {} }
    const shown = await playGateway(context, simulator, configPath)
    expect(simulator.stats().requestsByStatus['503']).toBe(1)
    expect(shown).toMatch(/with a key of Evergrant's +200\n/)
    expect(shown).toMatch(/with the old token +500 .*access token expired/)
    expect(shown).toMatch(/the same call again +200 \(replayed/)
  })

  it('finds the one account of a user’s token in its third act, and blames what is to blame', async () => {
    simulator.control.setUserCount(300)
    const configPath = await writeDemoFolder(folder, simulator)
    const imported = await runCommand(['import', 'contoso-graph', 'users'], { cwd: folder })
    expect(imported.exit).toBe(0)
    const written = await readFile(configPath, 'utf8')
    const context = { io: { ...hostIo, env: {} }, exitWith: () => {} }
    const shown = await playBearer(context, simulator, configPath)
    const [, name = '', id] =
      /fresh token of (\S+)\n +200 {2}account (\S+), one of 300/.exec(shown) ?? []
    const users = [...simulator.users(undefined, ['id', 'userPrincipalName'])]
    expect(users.find((user) => user['userPrincipalName'] === name)).toMatchObject({ id })
    expect(shown).toMatch(
      /claim "email"\n +403 {2}claim_missing: .*expected .*"email", but saw only/,
    )
    expect(shown).toMatch(/two hours ago\n +401 {2}token_expired: .* ago\n +→ Get a new token/)
    expect(shown).not.toMatch(/eyJ/)
    expect(await readFile(configPath, 'utf8')).toBe(written)
  })

  it('has an administrator consent by a hand-off link, and calls three APIs on that one grant', async () => {
    const tour = await startSimulator({
      tenants: [
        {
          id: '11111111-2222-4333-8444-555555555555',
          domain: 'contoso.example',
          users: 5,
          applications: [
            {
              id: '2f0c0000-1111-4222-8333-444444444444',
              secrets: [{ value: 'tour~secret' }],
              delegatedPermissions: demoPermissions,
              isConsented: false,
            },
          ],
          accounts: demoAccounts,
        },
      ],
    })
    try {
      const configPath = await writeDemoFolder(folder, tour, { withPartner: true })
      const context = { io: { ...hostIo, env: {} }, exitWith: () => {} }
      const shown = await playConsent(context, tour, configPath)
      for (const heading of ['Enter code', 'Permissions requested', 'The new grant is active']) {
        expect(shown).toContain(heading)
      }
      expect(shown).toMatch(/passed +The sign-in had a second factor/)
      expect(shown).toMatch(/Partner Center +200\n.*Microsoft Graph +200\n.*Resource Manager +200/)
      expect(shown).not.toMatch(/eyJ|egl_|code=/)
    } finally {
      await tour.close()
    }
  })

  it('stays with a caller that goes on calling, lets one person into the console, and ends by Ctrl-C', async () => {
    simulator.control.setUserCount(20)
    const configPath = await writeDemoFolder(folder, simulator)
    const printed = Promise.withResolvers<string>()
    let interrupt = (): void => {}
    const io: CliIo = {
      ...hostIo,
      env: {},
      out: printed.resolve,
      onInterrupt: (listener) => {
        interrupt = listener
        return () => {}
      },
    }
    const left = leaveOpen({ io, exitWith: () => {} }, simulator, configPath)
    const link = /http:\S+/.exec(await printed.promise)?.[0] ?? ''
    const shown = await fetch(link)
    expect(shown.status).toBe(200)
    const signedIn = await fetch(link, {
      method: 'POST',
      redirect: 'manual',
      headers: { origin: new URL(link).origin, 'sec-fetch-site': 'same-origin' },
    })
    expect(signedIn.headers.get('location')).toMatch(/^\/console\//)
    const cookie = signedIn.headers.get('set-cookie')?.split(';', 1)[0] ?? ''
    const traces = async (): Promise<number> => {
      const answer = await fetch(new URL('/api/v1/traces', link), { headers: { cookie } })
      const { items } = (await answer.json()) as { readonly items: readonly unknown[] }
      return items.length
    }
    await expect.poll(traces, { timeout: 15_000 }).toBeGreaterThan(1)
    interrupt()
    await left
    await expect(fetch(link)).rejects.toThrow('fetch failed')
    await expect(readFile(join(folder, 'open-console.html'))).rejects.toThrow('ENOENT')
  })

  it('shows no third act where there is nobody', async () => {
    simulator.control.setUserCount(0)
    const configPath = await writeDemoFolder(folder, simulator)
    const context = { io: { ...hostIo, env: {} }, exitWith: () => {} }
    expect(await playBearer(context, simulator, configPath)).toBe('')
  })

  it('ends what a mishap has begun when the import ends', async () => {
    const told: string[] = []
    const mishaps = playMishaps(simulator, 0, (text) => told.push(text))
    const ask = async (): Promise<number> => {
      const answer = await fetch(`${simulator.urls.graph}/v1.0/users`)
      await answer.arrayBuffer()
      return answer.status
    }
    // Each answer brings the next mishap; the fourth takes Graph down, the fifth the token endpoint.
    for (let asked = 0; asked < 5; asked++) await ask().catch(() => {})
    expect(told).toHaveLength(5)
    expect(await ask()).toBe(503)
    mishaps.stop()
    expect(await ask()).toBe(401)
    const tokenUrl = `${simulator.urls.authority}/${simulator.tenant}/oauth2/v2.0/token`
    const token = await fetch(tokenUrl, { method: 'POST' })
    expect(token.status).toBe(400)
    await token.arrayBuffer()
  })
})
