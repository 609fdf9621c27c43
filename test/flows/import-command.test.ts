import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runCli } from '../../src/cli/run-cli.ts'
import type { RunRecord } from '../../src/imports/index.ts'
import { compose } from '../../src/server/index.ts'
import { runCommand } from '../support/command.ts'
import {
  atPage,
  groundTruth,
  makeWorkspace,
  storedUsers,
  type Workspace,
} from '../support/workspace.ts'

let workspace: Workspace
beforeEach(async () => {
  workspace = await makeWorkspace({ users: 1_000 })
})
afterEach(() => workspace.close())

const importUsers = ['import', 'contoso-graph', 'users', '--page-size', '100'] as const

/** Imports on a terminal where someone presses Ctrl-C so often, as soon as each can be told apart. */
async function interrupted(
  presses: number,
  ...options: readonly string[]
): Promise<{ exit: number; note: string; out: string }> {
  let press: () => void = () => {}
  let note = ''
  let out = ''
  let left = presses
  const again = (): void => {
    if (left-- > 0) press()
  }
  atPage(workspace.simulator, 2, () => {
    workspace.simulator.control.setLatency(presses > 1 ? 3_600_000 : 300)
    again()
  })
  const exit = await runCli([...importUsers, ...options], {
    env: {},
    cwd: workspace.folder,
    out: (text) => void (out += text),
    note: (text) => {
      note += text
      if (text.includes('press Ctrl-C again')) again()
    },
    isTerminal: false,
    columns: 80,
    outBytes: async () => {},
    readInput: async () => '',
    readInputBytes: async () => Buffer.alloc(0),
    onHangUp: () => () => {},
    onInterrupt: (listener) => {
      press = listener
      return () => {}
    },
  })
  workspace.simulator.control.setLatency(0)
  return { exit, note, out }
}

async function newestRun(): Promise<RunRecord | undefined> {
  const composition = await compose({ configPath: workspace.configPath, env: {}, role: 'main' })
  try {
    return (await composition.store.runs.listRuns({ limit: 1 }))[0]
  } finally {
    await composition.close()
  }
}

describe('Ctrl-C', () => {
  test.each([1, 2])(
    'pressed %d times leaves an interrupted run and ends with 5',
    async (presses) => {
      const { exit, note } = await interrupted(presses)
      expect(note).toContain('go on with:  evergrant imports resume run_')
      expect(exit).toBe(5)
      const run = await newestRun()
      expect(run).toMatchObject({ state: 'interrupted', verdict: 'incomplete' })
      expect(run?.owner).toBeUndefined()
      const resumed = await runCommand(importUsers, { cwd: workspace.folder })
      expect(resumed).toMatchObject({ exit: 0 })
      expect(await storedUsers(workspace)).toEqual(groundTruth(workspace.simulator))
    },
  )
})

test('Ctrl-C names the configuration that a resume needs, where it is not the usual one', async () => {
  const other = workspace.path('of the tenant.yaml')
  await copyFile(workspace.configPath, other)
  const { note } = await interrupted(1, '--config', other)
  expect(note).toMatch(/imports resume run_[\w-]+ --config '.*of the tenant\.yaml'$/m)
})

describe('a resume', () => {
  async function changed(from: RegExp, to: string): Promise<void> {
    await interrupted(2)
    const text = await readFile(workspace.configPath, 'utf8')
    await writeFile(workspace.configPath, text.replace(from, to))
  }

  test.each([
    [/tenant: .*/, 'tenant: 99999999-2222-4333-8444-555555555555'],
    [/graph: .*/, 'graph: http://127.0.0.1:9'],
  ])('is refused when %s leads elsewhere by now', async (from, to) => {
    await changed(from, to)
    const before = await newestRun()
    const { exit, note } = await runCommand(['imports', 'resume', before?.id ?? ''], {
      cwd: workspace.folder,
    })
    expect(exit).toBe(2)
    expect(before?.state).toBe('interrupted')
    expect(note).toContain('leads to tenant')
    expect(await newestRun()).toEqual(before)
  })

  test('shows no verdict while the run goes on', async () => {
    await interrupted(2)
    const composition = await compose({ configPath: workspace.configPath, env: {}, role: 'main' })
    const [run] = await composition.store.runs.listRuns({ limit: 1 })
    const owner = { bootId: '', pidNamespace: '', pid: 1, processStart: '', instanceId: 'ins_x' }
    const claimed = await composition.store.runs.claimRun(run?.id ?? '', undefined, owner, 1)
    await composition.close()
    expect(claimed).toMatchObject({ state: 'running' })
    expect(claimed).not.toHaveProperty('verdict')
  })
})

describe('an import is refused before it begins', () => {
  test.each([
    ['--filter', ' ', '--filter'],
    ['--select', 'id,,mail', '--select'],
    ['--select', 'mail;drop', '--select'],
    ['--page-size', '0', '--page-size'],
    ['--page-size', '1000', '--page-size'],
    ['--page-size', '1e2', '--page-size'],
    ['--page-size', '-1', '--page-size'],
    ['--refresh-before', '-5m', '--refresh-before'],
    ['--to', 'ndjson:', 'ndjson:DIR'],
    ['--to', 'xml:out', 'ndjson:DIR'],
    ['--to', 'postgres://u:p@db/x', 'PGPASSWORD'],
    ['--delete-at-most', '110%', '--delete-at-most'],
    ['--name', '../x', '--name'],
    ['--publish', 'always', '--publish'],
  ])('with %s %j', async (option, value, named) => {
    const { exit, note } = await runCommand([...importUsers, `${option}=${value}`], {
      cwd: workspace.folder,
    })
    expect(exit).toBe(2)
    expect(note).toContain(named)
    expect(await newestRun()).toBeUndefined()
  })
})

describe('no secret and no token stands in what an import leaves behind', () => {
  const planted = async (): Promise<readonly string[]> => {
    const { out } = await runCommand(['token', 'contoso-graph'], { cwd: workspace.folder })
    return [
      workspace.secret,
      out.trim(),
      (await readFile(workspace.path('evergrant.key'), 'utf8')).trim(),
    ]
  }

  async function leftBehind(): Promise<string> {
    let text = ''
    const run = async (...args: readonly string[]): Promise<void> => {
      const { out, note } = await runCommand(args, { cwd: workspace.folder })
      text += out + note
    }
    await run(...importUsers)
    const { id = '' } = (await newestRun()) ?? {}
    await run('imports', 'resume', id, '--json')
    await run('imports', 'list', '--json')
    await run('imports', 'show', id)
    await run('imports', 'show', id, '--json')
    await run('imports', 'log', id)
    await run('imports', 'log', id, '--json')
    for (const file of ['evergrant.db', 'evergrant.db-wal']) {
      text += await readFile(workspace.path(file), 'latin1').catch(() => '')
    }
    return text
  }

  async function expectClean(): Promise<void> {
    const secrets = await planted()
    const text = await leftBehind()
    expect(text).not.toMatch(/eyJ[\w-]{8,}\.[\w-]+\.[\w-]+/)
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(20)
      for (const spelling of [secret, encodeURIComponent(secret), btoa(secret)]) {
        expect(text.includes(spelling) ? `found ${spelling.slice(0, 4)}…` : '').toBe('')
      }
    }
  }

  test('when it completes', expectClean)

  test.each([400, 503])('when Graph answers %d, quoting the token', async (status) => {
    const [, token = ''] = await planted()
    const fault = workspace.simulator.control.addFault({
      match: { kind: 'users', nth: 3, times: status === 503 ? 1 : 1_000 },
      effect: { kind: 'status', status, code: token, message: `this one: ${token}` },
    })
    await expectClean()
    expect(fault.state().applied).toBeGreaterThan(0)
  })

  test('when a next link quotes the token', async () => {
    const [, token = ''] = await planted()
    const fault = workspace.simulator.control.addFault({
      match: { kind: 'users', nth: 3, times: 1_000 },
      effect: {
        kind: 'foreign_next_link',
        origin: `http://${token.split('.')[2]}:${token}@127.0.0.2:9`,
      },
    })
    await expectClean()
    expect(fault.state().applied).toBeGreaterThan(0)
  })

  test('when the provider refuses the secret on the way, quoting it', async () => {
    const quote = `not this one: ${workspace.secret}`
    await planted()
    workspace.simulator.control.revokeTokens()
    const fault = workspace.simulator.control.addFault({
      match: { kind: 'token', times: 1_000 },
      effect: {
        kind: 'status',
        status: 401,
        body: { error: 'invalid_client', error_description: quote, error_codes: [7000215] },
      },
    })
    const text = await leftBehind()
    expect(fault.state().applied).toBeGreaterThan(0)
    expect(text.includes(workspace.secret)).toBe(false)
  })

  test('when the worker dies of a damaged key', async () => {
    const key = (await readFile(workspace.path('evergrant.key'), 'utf8')).trim()
    await runCommand(importUsers, { cwd: workspace.folder })
    await writeFile(workspace.path('evergrant.key'), key.slice(0, -3))
    const { exit, note } = await runCommand(importUsers, { cwd: workspace.folder })
    expect(exit).toBe(2)
    expect(note.includes(key.slice(0, 20))).toBe(false)
  })
})
