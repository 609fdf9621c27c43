import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand, type CommandOutcome } from '../support/command.ts'
import { makeWorkspace, type Workspace } from '../support/workspace.ts'

const child = join(import.meta.dirname, '../support/managed-identity-child.ts')

interface Raw {
  readonly status: number
  readonly text: string
}
interface Result {
  readonly graph: {
    readonly token?: string
    readonly expiresOnTimestamp?: number
    readonly error?: string
  }
  readonly other: { readonly error?: string }
  readonly answer: Raw
  readonly imdsAnswer: Raw
  readonly withoutKey: Raw
  readonly wrongKey: Raw
  readonly withoutMetadata: Raw
  readonly withoutSecret: Raw
  readonly forwarded: Raw
  readonly oldVersion: Raw
  readonly elsewhere: Raw
  readonly msi: string | null
}

let workspace: Workspace
let runs = 0
beforeAll(async () => {
  workspace = await makeWorkspace({ users: 1 })
})
afterAll(() => workspace.close())

async function run(
  input: Readonly<Record<string, unknown>>,
): Promise<{ readonly outcome: CommandOutcome; readonly result: Result }> {
  const resultPath = workspace.path(`result-${runs++}.json`)
  const argument = JSON.stringify({ resultPath, ...input })
  const outcome = await runCommand(
    ['run', 'contoso-graph', '--', process.execPath, child, argument],
    {
      cwd: workspace.folder,
      env: {
        ...process.env,
        MSI_ENDPOINT: 'http://127.0.0.1:1/',
        IMDS_ENDPOINT: 'http://127.0.0.1:1/',
      },
    },
  )
  const written = await readFile(resultPath, 'utf8').catch(() => JSON.stringify(outcome))
  return { outcome, result: JSON.parse(written) as Result }
}

describe('a command run with a connection', () => {
  it('is refused without a command, and for a connection that is not there', async () => {
    const without = await runCommand(['run', 'contoso-graph'], { cwd: workspace.folder })
    expect(without).toMatchObject({ exit: 2, note: expect.stringContaining('expected a command') })
    const unknown = await runCommand(['run', 'contoso-grap', '--', 'true'], {
      cwd: workspace.folder,
    })
    expect(unknown).toMatchObject({
      exit: 2,
      note: expect.stringContaining('did you mean "contoso-graph"'),
    })
    const missing = await runCommand(['run', 'contoso-graph', '--', 'no-such-command-here'], {
      cwd: workspace.folder,
    })
    expect(missing).toMatchObject({ exit: 2, note: expect.stringContaining('was not found') })
  })

  it('gets tokens through Microsoft’s ManagedIdentityCredential as in App Service', async () => {
    const { outcome, result } = await run({ form: 'app_service', exitCode: 7 })
    expect(outcome.exit).toBe(7)
    expect(result.graph.error).toBeUndefined()
    const { token, expiresOnTimestamp = 0 } = result.graph
    expect(result.other.error).toContain('gives tokens for https://graph.microsoft.com')
    expect(result.msi).toBeNull()
    const answer = JSON.parse(result.answer.text) as Record<string, string>
    expect(Object.keys(answer)).toEqual([
      'access_token',
      'client_id',
      'expires_in',
      'expires_on',
      'not_before',
      'resource',
      'token_type',
    ])
    for (const value of Object.values(answer)) expect(value).toBeTypeOf('string')
    expect(answer).toMatchObject({ access_token: token, resource: 'https://graph.microsoft.com/' })
    expect(Math.abs(Number(answer['expires_on']) * 1_000 - expiresOnTimestamp)).toBeLessThan(3_000)
    expect(JSON.parse(result.imdsAnswer.text)).toMatchObject({ access_token: token })
    const statuses = Object.fromEntries(
      (
        [
          'withoutKey',
          'wrongKey',
          'withoutMetadata',
          'withoutSecret',
          'forwarded',
          'oldVersion',
          'elsewhere',
        ] as const
      ).map((name) => [name, result[name].status]),
    )
    expect(statuses).toEqual({
      withoutKey: 401,
      wrongKey: 401,
      withoutMetadata: 400,
      withoutSecret: 400,
      forwarded: 400,
      oldVersion: 400,
      elsewhere: 400,
    })
    expect(JSON.parse(result.withoutMetadata.text)).toMatchObject({
      error: 'invalid_request',
      error_description: 'Required metadata header not specified',
      statusCode: 400,
      message: 'Required metadata header not specified',
    })
    expect(`${outcome.out}${outcome.note}`).not.toContain(token)
  })

  it('gets tokens as on a virtual machine, for its own application alone', async () => {
    const own = await run({ form: 'imds', clientId: workspace.simulator.client.id })
    expect(own.result.graph.error).toBeUndefined()
    const other = await run({ form: 'imds', clientId: '99999999-0000-4000-8000-000000000000' })
    expect(other.result.graph.error).toContain('of another application')
  })
})
