import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { makeWorkspace, type Workspace } from '../support/workspace.ts'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

let workspace: Workspace
afterEach(() => workspace.close())

describe('an import whose notes nobody reads any more', () => {
  it('goes on to its end', async () => {
    workspace = await makeWorkspace({ users: 500 })
    const args = ['import', 'contoso-graph', 'users', '--page-size', '10', '--pages', '--json']
    const child = spawn(process.execPath, [main, ...args], {
      cwd: workspace.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let out = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.once('data', () => child.stderr.destroy())
    const [code] = (await once(child, 'close')) as [number | null]
    expect({ code, out }).toMatchObject({ code: 0 })
    expect(JSON.parse(out)).toMatchObject({ state: 'completed', verdict: 'complete', rows: 500 })
  })
})

describe('a list of which only the head is read', () => {
  it('is no fault', async () => {
    workspace = await makeWorkspace({ users: 1 })
    const child = spawn(process.execPath, [main, 'config', 'schema'], {
      cwd: workspace.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let notes = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (notes += text))
    child.stdout.destroy()
    const [code] = (await once(child, 'close')) as [number | null]
    expect({ code, notes }).toEqual({ code: 0, notes: '' })
  })
})
