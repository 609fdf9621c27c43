import { readFile, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCommand } from '../support/command.ts'
import { makeWorkspace, type Workspace } from '../support/workspace.ts'

let workspace: Workspace
let env: Readonly<Record<string, string>>
/** Everything that no command but the one asked for it may print. */
let planted: { readonly name: string; readonly value: string }[]

beforeEach(async () => {
  workspace = await makeWorkspace({ users: 3 })
  env = { PLANTED_SECRET: workspace.secret }
  const written = await readFile(workspace.configPath, 'utf8')
  await writeFile(
    workspace.configPath,
    written.replace('{ file: ./secret }', '{ env: PLANTED_SECRET }'),
  )
  planted = [
    { name: 'the client secret', value: workspace.secret },
    { name: 'the encryption key', value: await readFile(workspace.path('evergrant.key'), 'utf8') },
  ]
})
afterEach(() => workspace.close())

const printed = async (...args: readonly string[]): Promise<string> => {
  const { out, note } = await runCommand(args, { cwd: workspace.folder, env })
  return `${out}${note}`
}

/** Obtains the connection's token; from now on it counts as planted. */
const plantToken = async (): Promise<string> => {
  const token = (await printed('token', 'contoso-graph')).trim()
  expect(token).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/)
  planted.push({ name: 'the access token', value: token })
  return token
}

const commands = [
  'config check',
  'config schema',
  'connections list',
  'connections show contoso-graph',
  'connections test contoso-graph',
  'connections refresh contoso-graph',
  'connections show contoso-grpah',
  'token contoso-graph --tenant elsewhere.example',
  'token contoso-graph --min-remaining 23h',
  'doctor',
  'doctor contoso-graph',
  'imports list',
  'init',
  'init --force',
]

const expectClean = async (): Promise<void> => {
  for (const command of commands) {
    for (const form of [[], ['--json']]) {
      const text = await printed(...command.split(' '), ...form)
      expect(text, `a token in what "${command}" printed`).not.toMatch(/eyJ[\w-]{8,}\.[\w-]+/)
      for (const { name, value } of planted) {
        for (const spelling of spellings(value)) {
          const leak = text.includes(spelling)
            ? `${name} in what "${command}" printed:\n${text}`
            : ''
          expect(leak).toBe('')
        }
      }
    }
  }
}

function spellings(value: string): readonly string[] {
  return [value, encodeURIComponent(value), Buffer.from(value).toString('base64')]
}

describe('no command prints a secret or a token', () => {
  it('while everything works', async () => {
    await plantToken()
    await expectClean()
  })

  it('when the provider refuses the secret, quoting it', async () => {
    await plantToken()
    const quote = `not this one: ${workspace.secret}`
    const fault = workspace.simulator.control.addFault({
      match: { kind: 'token', times: 1_000 },
      effect: {
        kind: 'status',
        status: 401,
        body: { error: 'invalid_client', error_description: quote, error_codes: [7000215] },
      },
    })
    await expectClean()
    expect(fault.state().applied).toBeGreaterThan(0)
  })

  it('when the provider answers with a page that quotes the request', async () => {
    const quote = `<html>${workspace.secret} ${encodeURIComponent(workspace.secret)}</html>`
    const fault = workspace.simulator.control.addFault({
      match: { kind: 'token', times: 1_000 },
      effect: { kind: 'status', status: 503, body: quote },
    })
    await expectClean()
    expect(fault.state().applied).toBeGreaterThan(0)
  })

  it.each([400, 401, 403, 503])('when Graph answers %d, quoting the token', async (status) => {
    const token = await plantToken()
    const fault = workspace.simulator.control.addFault({
      match: { kind: 'users', times: 1_000 },
      effect: { kind: 'status', status, code: 'Refused', message: `this one: ${token}` },
    })
    await expectClean()
    expect(fault.state().applied).toBeGreaterThan(0)
  })

  it('when the secret stands in the configuration itself', async () => {
    const written = await readFile(workspace.configPath, 'utf8')
    await writeFile(
      workspace.configPath,
      written.replace('{ env: PLANTED_SECRET }', workspace.secret),
    )
    await expectClean()
  })

  it('when the secret stands where the name of its variable belongs', async () => {
    const written = await readFile(workspace.configPath, 'utf8')
    await writeFile(workspace.configPath, written.replace('PLANTED_SECRET', workspace.secret))
    await expectClean()
  })

  it('when the key is damaged', async () => {
    const key = planted[1]?.value ?? ''
    await writeFile(workspace.path('evergrant.key'), key.slice(0, -2))
    planted.push({ name: 'what is left of the key', value: key.slice(0, -2) })
    await expectClean()
  })
})
