import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { maskConfig } from '../../src/config/index.ts'
import { startServing, type Serving } from '../../src/server/index.ts'
import { runCommand, type CommandOutcome } from '../support/command.ts'
import { accepted, problemAt } from '../support/config-text.ts'
import { openConsoleBrowser } from '../support/console-browser.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'

let service: ServiceFixture
let other: Serving
beforeAll(async () => {
  service = await startService()
  other = await startServing({
    configPath: service.workspace.configPath,
    env: {},
    listen: { host: '127.0.0.1', port: 0 },
    keepAlive: false,
    logTo: { write: () => {} },
  })
})
afterAll(async () => {
  await other.close(0)
  await service.close()
})

const evergrant = (...args: string[]): Promise<CommandOutcome> =>
  runCommand(args, { cwd: service.workspace.folder })

describe('evergrant console link', () => {
  it.each([
    ['--role', 'owner'],
    ['--expires', '10s'],
    ['--expires', '2d'],
    ['--expires', 'soon'],
    ['--name', ' '],
    ['--name', 'two\nlines'],
  ])('makes none with %s %j', async (option, value) => {
    const { exit, out } = await evergrant('console', 'link', option, value)
    expect([exit, out]).toEqual([2, ''])
  })

  it('makes one that signs in, with the name and role that were given', async () => {
    const made = await evergrant('console', 'link', '--role', 'viewer', '--name', 'Anna', '--json')
    expect(made.exit).toBe(0)
    const { url, ...rest } = made.json() as { url: string }
    expect(rest).toMatchObject({ name: 'Anna', role: 'viewer' })
    const browser = openConsoleBrowser(service.url)
    await browser.enter(new URL(new URL(url).pathname, service.url).href)
    expect(await browser.session()).toMatchObject({ name: 'Anna', role: 'viewer' })
    const recorded = (await evergrant('audit', 'list', '--json')).json()
    expect(recorded).toContainEqual(
      expect.objectContaining({ action: 'console.link_made', actor_kind: 'command' }),
    )
    expect(JSON.stringify(recorded)).not.toContain(url.slice(-43))
  })
})

it('a session is known to every node, and over at each within a second of its end', async () => {
  const { out } = await evergrant('console', 'link')
  const browser = openConsoleBrowser(service.url)
  await browser.enter(new URL(new URL(out.trim()).pathname, service.url).href)
  const cookie = `evergrant-console=${browser.cookies.get('evergrant-console')}`
  const elsewhere = async (): Promise<number> =>
    (await fetch(`${other.url}/console/session`, { headers: { cookie } })).status
  expect(await elsewhere()).toBe(200)
  await browser.call('POST', '/console/sign-out')
  await expect.poll(elsewhere, { timeout: 2_000 }).toBe(401)
})

it('the guide’s configuration is one', () => {
  const guide = readFileSync('docs/guides/console.md', 'utf8')
  const [, block = ''] = /```yaml\n([\s\S]*?)```/.exec(guide) ?? []
  const base = 'store: sqlite:./a.db\nencryption: { keys: [{ id: k1, file: ./evergrant.key }] }\n'
  const config = accepted(base + block)
  expect(config.server.console).toMatchObject({ idleMs: 1_800_000, longestMs: 43_200_000 })
  expect(maskConfig(config)).toContain('idle: 30m')
})

describe('issuers of the console', () => {
  const withIssuers = (issuers: string): string => `store: sqlite:./a.db
encryption: { keys: [{ id: k1, file: ./evergrant.key }] }
issuers:
  lab: { type: oidc, issuer: https://lab.example, audiences: ['api://evergrant'], claims: [id_token], userName: sub, access: [{ role: viewer }], client: { id: portal, credentials: [] } }
  plain: { type: oidc, issuer: https://plain.example, audiences: ['api://evergrant'], claims: [id_token], userName: sub, access: [{ role: viewer }] }
server: { console: { issuers: { ${issuers} } } }
`

  it.each([
    ['nobody: {}', 'nobody', 'the name of an issuer that has a "client"'],
    ['plain: {}', 'plain', 'the name of an issuer that has a "client"'],
    ['lab: { resource: x }', 'lab.resource', 'one of the "audiences" of the issuer "lab"'],
  ])('%s is refused', (issuers, at, expected) => {
    const path = `server.console.issuers.${at}`
    expect(problemAt(withIssuers(issuers), path)).toMatchObject({ expected })
  })

  it('are taken with a client and one of their audiences', () => {
    const { server } = accepted(
      withIssuers('lab: { resource: "api://evergrant", scope: openid x }'),
    )
    expect(server.console.issuers).toEqual({
      lab: { resource: 'api://evergrant', scope: 'openid x' },
    })
  })
})
