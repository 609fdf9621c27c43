import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createClient } from '../../src/client/index.ts'
import { findRemedy, remedyCatalogue } from '../../src/kernel/index.ts'
import { remedyToJson } from '../../src/server/index.ts'
import { refusalTable } from '../../src/simulator/refusal-table.ts'
import { runCommand } from '../support/command.ts'
import { readDocument } from '../support/document-blocks.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'
import { tenantId } from '../support/workspace.ts'

let fixture: ServiceFixture | undefined
afterEach(async () => {
  await fixture?.close()
  fixture = undefined
})

const world = { cwd: import.meta.dirname }
const simulator = join(import.meta.dirname, '../../src/simulator')

describe('the catalogue of remedies', () => {
  it('knows every number that the simulator refuses with', () => {
    const texts = ['client-refusals', 'grant-refusals', 'entra-token', 'authorization-ask'].map(
      (name) => readFileSync(join(simulator, `${name}.ts`), 'utf8'),
    )
    const numbers = [
      ...Object.keys(refusalTable),
      ...texts.flatMap((text) => text.match(/\b(?:[5679]\d{4,6}|1000502)\b/g) ?? []),
      '900420',
      '900421',
    ]
    expect(new Set(numbers).size).toBeGreaterThan(60)
    expect(numbers.filter((number) => findRemedy(number) === undefined)).toEqual([])
  })

  it('is the same in the reference as in the code', () => {
    const page = readDocument('docs/reference/remedies.md')
    const missing = remedyCatalogue.filter(
      ({ code, title, steps }) =>
        !page.includes(`### \`${code}\`\n`) ||
        !page.includes(`**${title}.**`) ||
        !steps.every((step) => page.includes(step)),
    )
    expect(missing.map(({ code }) => code)).toEqual([])
  })

  it('is the same over the API, page by page, for viewers alone', async () => {
    fixture = await startService()
    const stranger = createClient({ url: fixture.url, key: await fixture.addCaller('stranger') })
    await expect(stranger.remedies.list()).rejects.toMatchObject({ code: 'role_missing' })
    const viewer = createClient({
      url: fixture.url,
      key: await fixture.addCaller('viewer', { role: 'viewer' }),
    })
    const items: unknown[] = []
    let cursor: string | undefined
    do {
      const page = await viewer.remedies.list({
        limit: 50,
        ...(cursor === undefined ? {} : { cursor }),
      })
      items.push(...page.items)
      cursor = page.next ?? undefined
    } while (cursor !== undefined)
    expect(items).toEqual(remedyCatalogue.map(remedyToJson))
    expect((await viewer.remedies.list({ code: '50076' })).items).toMatchObject([
      { code: 'AADSTS50076', actor: 'subject' },
    ])
    expect((await viewer.remedies.list({ code: 'nonsense' })).items).toEqual([])
  })
})

describe('evergrant remedy', () => {
  it.each(['nonsense', '1', '../x'])('knows no %s, and says so', async (code) => {
    const { exit, note } = await runCommand(['remedy', code], world)
    expect(exit).toBe(2)
    expect(note).toContain('docs/reference/remedies.md')
  })

  it('tells meaning, actor and steps in order', async () => {
    const { exit, out } = await runCommand(['remedy', '70043'], world)
    expect(exit).toBe(0)
    const entry = findRemedy('AADSTS70043')
    const places = [entry?.title, entry?.meaning, entry?.remedy, ...(entry?.steps ?? [])].map(
      (text) => out.indexOf(String(text)),
    )
    expect(places).not.toContain(-1)
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(out).toContain('who acts: an administrator of the tenant')
  })

  it('prints the entry of the API with --json', async () => {
    const { json } = await runCommand(['remedy', '900421', '--json'], world)
    expect(json()).toEqual({ ...findRemedy('900421'), at_customer: null })
  })
})

describe('a refusal of the provider', () => {
  it('is explained alike in command, problem, last failure and alarm', async () => {
    fixture = await startService()
    const { grants } = fixture.serving.composition.store
    const { id } = await grants.ensureGrant({ connection: 'contoso-graph', tenant: tenantId }, 1)
    const entry = findRemedy('AADSTS70043')
    const remedy = entry?.remedy ?? ''
    await grants.recordFailure(
      id,
      {
        code: 'grant_lapsed',
        detail: 'AADSTS70043: by sign-in frequency',
        remedy,
        at: 2,
        upstream: { status: 400, error: 'invalid_grant', errorCodes: [70043] },
      },
      { lapse: true },
    )
    const told = {
      meaning: entry?.meaning,
      link: entry?.link,
      actor: 'tenant_administrator',
      steps: entry?.steps.map((step) => step.replaceAll(/\bNAME\b/g, 'contoso-graph')),
    }
    const viewer = createClient({
      url: fixture.url,
      key: await fixture.addCaller('viewer', { role: 'viewer' }),
    })
    const shown = await viewer.connections.show({ address: 'contoso-graph' })
    expect(shown.last_failure).toMatchObject(told)
    await fixture.serving.alarms.wake()
    const [alarm] = (await viewer.alarms.list()).items
    expect(alarm).toMatchObject({ kind: 'grant_lapsed', ...told })

    const cwd = fixture.workspace.folder
    const listed = await runCommand(['alarms', 'list'], { cwd })
    const seen = await runCommand(['connections', 'show', 'contoso-graph'], { cwd })
    for (const text of [listed.out, seen.out]) {
      expect(text).toContain(entry?.meaning)
      told.steps?.forEach((step, i) => expect(text).toContain(`${i + 1}. ${step}`))
      expect(text).toContain(`see ${entry?.link}`)
    }
  })
})
