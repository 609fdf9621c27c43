import { createHmac, generateKeyPairSync, randomUUID } from 'node:crypto'
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createClient } from '../../src/client/index.ts'
import type { DeltaRecord, RunChange } from '../../src/imports/ports.ts'
import { EvergrantError, newId } from '../../src/kernel/index.ts'
import { readImportHealth } from '../../src/server/import-health.ts'
import { startServing, type AnyEvent, type Serving } from '../../src/server/index.ts'
import { selfSignCertificate } from '../../src/simulator/certificate.ts'
import { aCollection, anOwner, options } from '../contract/builders.ts'
import { runCommand } from '../support/command.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'
import { startWebhookServer, type WebhookServer } from '../support/webhook-server.ts'
import { tenantId, type Workspace } from '../support/workspace.ts'

const key = 'planted-signing-key'

let hook: WebhookServer
let fixture: ServiceFixture
let others: Serving[]
beforeEach(async () => {
  others = []
  hook = await startWebhookServer()
})
afterEach(async () => {
  for (const other of others) await other.close(0)
  await fixture.close()
  await hook.close()
})

const start = async (connections = ''): Promise<void> => {
  fixture = await startService({
    prepare: async ({ configPath, path }: Workspace) => {
      await writeFile(path('signing-key'), key, { mode: 0o600 })
      await appendFile(
        configPath,
        `${connections}alarms: { to: [{ webhook: "${hook.url}", secret: { file: ./signing-key } }] }\n`,
      )
    },
  })
}
const startAnother = async (): Promise<Serving> => {
  const serving = await startServing({
    configPath: fixture.workspace.configPath,
    env: {},
    listen: { host: '127.0.0.1', port: 0 },
    keepAlive: false,
    logTo: { write: () => {} },
  })
  others.push(serving)
  return serving
}
const lapse = async (): Promise<string> => {
  const { grants } = fixture.serving.composition.store
  const { id } = await grants.ensureGrant({ connection: 'contoso-graph', tenant: tenantId }, 1)
  await grants.recordFailure(
    id,
    { code: 'client_rejected', detail: 'AADSTS7000222', remedy: 'Make a new secret.', at: 2 },
    { lapse: true },
  )
  return id
}
const bodies = (): readonly { type: string; alarm: Record<string, unknown> }[] =>
  hook.calls.map(({ body }) => JSON.parse(body) as { type: string; alarm: Record<string, unknown> })

describe('alarms of a service', () => {
  it('tell a webhook, signed, when a grant lapses and when it serves again', async () => {
    await start()
    const id = await lapse()
    await fixture.serving.alarms.wake()
    await hook.whenCalled(1)
    const [call] = hook.calls
    expect(bodies()[0]).toMatchObject({
      type: 'alarm.raised',
      alarm: {
        key: 'grant_lapsed:contoso-graph',
        remedy: 'Make a new secret.',
        severity: 'critical',
      },
    })
    const [, seconds = '', mac] =
      /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(call?.headers['evergrant-signature'])) ?? []
    expect(mac).toBe(createHmac('sha256', key).update(`${seconds}.${call?.body}`).digest('hex'))

    const viewer = createClient({
      url: fixture.url,
      key: await fixture.addCaller('viewer', { role: 'viewer' }),
    })
    const open = await viewer.alarms.list()
    expect(open.items).toMatchObject([{ subject: 'contoso-graph', recovered_at: null }])
    const listed = await runCommand(['alarms', 'list'], { cwd: fixture.workspace.folder })
    expect(listed.out).toContain('To do: Make a new secret.')

    await fixture.serving.composition.store.grants.setGrantState(id, 'active', 3)
    await fixture.serving.alarms.wake()
    await hook.whenCalled(2)
    expect(bodies()[1]?.type).toBe('alarm.recovered')
    expect((await viewer.alarms.list()).items).toEqual([])
    expect((await viewer.alarms.list({ all: 'true' })).items).toHaveLength(1)
    expect(JSON.stringify([hook.calls, fixture.log()])).not.toContain(fixture.workspace.secret)
    expect(JSON.stringify([hook.calls, fixture.log(), open])).not.toContain(key)
  })

  it('are for viewers', async () => {
    await start()
    const stranger = createClient({ url: fixture.url, key: await fixture.addCaller('stranger') })
    await expect(stranger.alarms.list()).rejects.toMatchObject({ code: 'role_missing' })
  })

  it('are told once by two services, and by none that starts after', async () => {
    await start()
    const second = await startAnother()
    await lapse()
    await Promise.all([fixture.serving.alarms.wake(), second.alarms.wake()])
    await hook.whenCalled(1)
    // Closing waits for what is under way.
    await second.alarms.close()
    const third = await startAnother()
    await third.alarms.wake()
    await third.alarms.close()
    await fixture.serving.alarms.close()
    expect(bodies().map(({ type }) => type)).toEqual(['alarm.raised'])
  })

  it('follow a lapse by its event, without waiting for the minute', async () => {
    await start()
    await writeFile(fixture.workspace.path('secret'), 'another-secret')
    const { engine } = fixture.serving.composition
    expect(await engine.connection('contoso-graph').getToken()).toMatchObject({ ok: false })
    await hook.whenCalled(1)
    expect(bodies()[0]?.alarm).toMatchObject({ kind: 'grant_lapsed', subject: 'contoso-graph' })
  })
})

describe('a webhook that asks to be left alone', () => {
  it('is, for as long as it asked', async () => {
    await start()
    hook.answer({ status: 503, headers: { 'retry-after': '1800' } })
    await lapse()
    const { events } = fixture.serving.composition
    const failed = new Promise<AnyEvent>((resolve) => {
      events.on((event) => {
        if (event.type === 'alarm.delivery_failed') resolve(event)
      })
    })
    await fixture.serving.alarms.wake()
    const event = await failed
    expect(event).toMatchObject({ attempt: 1, detail: 'it answered 503' })
    const { retryAt } = event as Extract<AnyEvent, { type: 'alarm.delivery_failed' }>
    expect(retryAt - event.at).toBe(1_800_000)
    expect(fixture.log()).toContainEqual(
      expect.objectContaining({ event: 'alarm.delivery_failed', level: 'warn' }),
    )
  })
})

describe('what alarms come of', () => {
  const open = async (): Promise<readonly (readonly [string, number])[]> => {
    const found = await fixture.serving.composition.store.alarms.listAlarms({
      limit: 10,
      isOpen: true,
    })
    return found.map(({ key: of, step }) => [of, step] as const)
  }

  it('are credentials that end: by what was noted, and by what a certificate says', async () => {
    const inDays = (days: number): string =>
      new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 19) + 'Z'
    const keys = generateKeyPairSync('rsa', { modulusLength: 2_048 })
    const { pem } = selfSignCertificate(keys, {
      commonName: 'soon',
      hosts: [],
      serial: Uint8Array.of(1),
      validity: { from: Date.now() - 1_000, until: Date.now() + 5 * 86_400_000 },
    })
    const both = pem + keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const pemFile = join(tmpdir(), `evergrant-alarm-${randomUUID()}.pem`)
    await writeFile(pemFile, both, { mode: 0o600 })
    const client = (credential: string): string =>
      `    provider: contoso\n    client: { id: app, credentials: [${credential}] }\n    grant: client_credentials\n`
    await start(
      `  noted:\n${client(`{ secret: { env: A }, expiresAt: "${inDays(20)}" }`)}` +
        `  proven:\n${client(`{ certificate: { file: "${pemFile}" }, expiresAt: "${inDays(300)}" }`)}` +
        `  unreadable:\n${client('{ certificate: { env: NOWHERE } }')}`,
    )
    await fixture.serving.alarms.wake()
    await hook.whenCalled(2)
    await rm(pemFile)
    expect(new Map(await open())).toEqual(
      new Map([
        ['credential_expiring:connection "noted":0', 30],
        ['credential_expiring:connection "proven":0', 7],
      ]),
    )
  })

  it('are imports that failed, until one of that name ends whole', async () => {
    await start()
    const { store, clock } = fixture.serving.composition
    const run = async (change: RunChange): Promise<void> => {
      const now = clock.now()
      const owner = anOwner(`ins_${randomUUID()}`)
      const id = newId('run', now)
      await store.runs.createRun({ id, name: 'nightly', options, owner }, now)
      await store.runs.closeRun(
        id,
        owner.instanceId,
        { ...change, finishedAt: now, release: true },
        [],
        now,
      )
    }
    await run({ state: 'completed', verdict: 'incomplete', reason: 'users: 3 are missing' })
    await fixture.serving.alarms.wake()
    await hook.whenCalled(1)
    expect(await open()).toEqual([['import_failed:nightly', 0]])
    await run({ state: 'cancelled' })
    await fixture.serving.alarms.wake()
    await run({ state: 'completed', verdict: 'complete' })
    await fixture.serving.alarms.wake()
    await hook.whenCalled(2)
    expect(bodies().map(({ type }) => type)).toEqual(['alarm.raised', 'alarm.recovered'])
  })

  it('are imports that ended three services, at once and by the event of it', async () => {
    await start()
    const { events, store, clock } = fixture.serving.composition
    const at = clock.now()
    const id = newId('run', at)
    const owner = anOwner('ins_gone')
    await store.runs.createRun({ id, name: 'nightly', options, owner }, at)
    const problem = new EvergrantError('import_given_up', 'Three ended.').toProblem()
    const change = { state: 'interrupted', verdict: 'incomplete', problem } as const
    await store.runs.closeRun(id, owner.instanceId, change, [], at)
    const body = { type: 'run_given_up', from: 'process 1', times: 3 } as const
    events.emit({ type: 'import.run_given_up', at, runId: id, level: 'error', body })
    await hook.whenCalled(1)
    expect(bodies()).toMatchObject([
      { alarm: { key: 'import_failed:nightly', severity: 'critical', remedy: problem.remedy } },
    ])
  })

  it('are links to changes that near their end, or that a run could not keep', async () => {
    const reads = 'connection: contoso-graph, collections: [users, members], to: store'
    await start(`imports: { hourly: { ${reads}, delta: true }, nightly: { ${reads} } }\n`)
    const { store, clock } = fixture.serving.composition
    const complete = async (name: string, delta: DeltaRecord): Promise<void> => {
      const now = clock.now()
      const owner = anOwner(`ins_${randomUUID()}`)
      const id = newId('run', now)
      await store.runs.createRun({ id, name, options, owner }, now)
      const collection = aCollection({ id }, { delta })
      await store.runs.saveProgress({ collection, walks: [] }, owner.instanceId, [], now)
      const ended = { state: 'completed', verdict: 'complete', finishedAt: now } as const
      await store.runs.closeRun(id, owner.instanceId, { ...ended, release: true }, [], now)
    }
    const daysAgo = (days: number): number => clock.now() - days * 86_400_000
    const counts = { pages: 0, changed: 0, gone: 0 }
    const left = (days: number): DeltaRecord => ({
      purpose: 'next',
      state: 'open',
      begin: { link: 'https://graph.microsoft.com/v1.0/users/delta', takenAt: daysAgo(days) },
      ...counts,
    })
    await complete('nightly', left(8))
    await complete('hourly', left(5.5))
    await fixture.serving.alarms.wake()
    await hook.whenCalled(1)
    expect(await open()).toEqual([['import_link:hourly', 2]])
    await complete('hourly', { purpose: 'next', state: 'lost', ...counts, note: 'no delta' })
    await fixture.serving.alarms.wake()
    await hook.whenCalled(3)
    expect(await open()).toEqual([['import_link:hourly:none', 0]])
    await complete('hourly', left(0))
    await fixture.serving.alarms.wake()
    await hook.whenCalled(4)
    expect(await open()).toEqual([])

    // However often an hourly import has failed since, the link of its last completed run ages.
    await complete('hourly', left(6.5))
    for (let failed = 0; failed < 60; failed++) {
      const id = newId('run', clock.now())
      const owner = anOwner(`ins_${randomUUID()}`)
      await store.runs.createRun({ id, name: 'hourly', options, owner }, clock.now())
      const ended = { state: 'failed', finishedAt: clock.now() } as const
      await store.runs.closeRun(id, owner.instanceId, ended, [], clock.now())
    }
    await fixture.serving.alarms.wake()
    await hook.whenCalled(6)
    expect(await open()).toContainEqual(['import_link:hourly', 1])
    const [hourly] = await readImportHealth(fixture.serving.composition)
    expect(hourly).toMatchObject({
      name: 'hourly',
      lastCompleteAgeMs: expect.any(Number) as number,
    })
  })
})

describe('evergrant alarms test', () => {
  it('tells which receiver took a message and which did not', async () => {
    await start()
    const { folder } = fixture.workspace
    const good = await runCommand(['alarms', 'test'], { cwd: folder })
    expect(good).toMatchObject({ exit: 0, out: expect.stringContaining('delivered') as string })
    expect(bodies()[0]?.type).toBe('alarm.test')
    hook.answer({ status: 403 })
    const bad = await runCommand(['alarms', 'test', '--json'], { cwd: folder })
    expect(bad.exit).toBe(4)
    expect(bad.json()).toMatchObject([{ delivered: false, detail: 'it answered 403' }])
    expect(bad.out + good.out).not.toContain(key)
  })

  it('sends nothing to an address that is not https, and does not print it', async () => {
    await start()
    const { path, folder } = fixture.workspace
    const written = await readFile(path('evergrant.yaml'), 'utf8')
    await writeFile(path('slack'), 'http://hooks.example.com/services/planted', { mode: 0o600 })
    await writeFile(
      path('chat.yaml'),
      written.replace(
        /alarms:.*$/m,
        'alarms: { to: [{ webhook: { file: ./slack }, format: slack }] }',
      ),
    )
    const told = await runCommand(['alarms', 'test', '--config', 'chat.yaml'], { cwd: folder })
    expect(told).toMatchObject({ exit: 4, out: expect.stringContaining('https') as string })
    expect(told.out + told.note).not.toContain('planted')
  })

  it('needs a receiver', async () => {
    await start()
    const { path, folder } = fixture.workspace
    const written = await readFile(path('evergrant.yaml'), 'utf8')
    await writeFile(path('none.yaml'), written.replace(/alarms:.*$/m, ''))
    const told = await runCommand(['alarms', 'test', '--config', 'none.yaml'], { cwd: folder })
    expect(told).toMatchObject({ exit: 2, note: expect.stringContaining('alarms.to') as string })
  })
})
