import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { importUsers } from '../support/bad-input.ts'
import { badInputs } from '../support/bad-inputs.ts'
import { startCli } from '../support/cli-process.ts'
import { runCommand, type CommandOutcome } from '../support/command.ts'
import { atPage, makeWorkspace, type Workspace } from '../support/workspace.ts'

let workspace: Workspace
afterEach(() => workspace.close())

describe.each(badInputs)('bad input in %s', (_group, rows) => {
  it.each(rows)('$what is told as such, and loses nothing', async (row) => {
    workspace = await makeWorkspace({ users: 500, ...(row.https === true ? { https: true } : {}) })
    await row.spoil?.(workspace)
    const before = await bytesOf(workspace.folder)
    const world = { cwd: workspace.folder, ...(row.env === undefined ? {} : { env: row.env }) }
    const args = row.args ?? importUsers

    const told = await runCommand(args, world)
    const text = `${told.out}${told.note}`
    expect({ exit: told.exit, text }).toMatchObject({ exit: row.exit })
    for (const words of row.says) expect(text).toContain(words)
    expect(text).toContain('→')

    const machine = await runCommand([...args, '--json'], world)
    expect({ exit: machine.exit, code: codeIn(machine) }).toEqual({
      exit: row.exit,
      code: row.code,
    })

    await expectKept(before, row.makesStore === true)
    const outputs = `${text}${machine.out}${machine.note}`
    for (const words of row.withholds ?? []) expect(outputs).not.toContain(words)
    await expectNoSecret(outputs)
  })
})

describe('two runs of one import', () => {
  it('are one too many: the second is told which one runs, and no row is lost', async () => {
    workspace = await makeWorkspace({ users: 2_000 })
    const { folder, simulator } = workspace
    const fault = simulator.control.addFault({
      match: { kind: 'users', nth: 3 },
      effect: { kind: 'hang', ms: 60_000 },
    })
    const reached = new Promise<void>((resolve) => atPage(simulator, 2, resolve))
    const first = startCli([...importUsers, '--page-size', '100'], { cwd: folder })
    await reached
    const second = await runCommand([...importUsers, '--page-size', '100', '--json'], {
      cwd: folder,
    })
    expect(second.exit).toBe(2)
    expect(second.json()).toMatchObject({
      code: 'import_running',
      detail: expect.stringMatching(/"contoso-graph" runs as run_/) as string,
    })
    fault.remove()
    first.kill('SIGKILL')
    await first.ended
    const { exit, out } = await runCommand([...importUsers, '--page-size', '100', '--json'], {
      cwd: folder,
    })
    expect(exit).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ state: 'completed', verdict: 'complete', rows: 2_000 })
  })
})

/** The error code in what `--json` printed: of a problem, of a failed run, or of a failed check. */
function codeIn(outcome: CommandOutcome): unknown {
  const printed = outcome.json() as
    | readonly { readonly status: string; readonly code: string }[]
    | { readonly code?: string; readonly problem?: { readonly code: string } }
  if (Array.isArray(printed)) {
    return printed.find(({ status }: { readonly status: string }) => status === 'fail')?.code
  }
  const one = printed as { readonly code?: string; readonly problem?: { readonly code: string } }
  return one.code ?? one.problem?.code
}

async function bytesOf(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  const files = new Map<string, Buffer>()
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    files.set(path, await readFile(path))
  }
  return files
}

/** Nothing that was there is gone or different; nothing is new but, where it may be, the store. */
async function expectKept(before: ReadonlyMap<string, Buffer>, makesStore: boolean): Promise<void> {
  const after = await bytesOf(workspace.folder)
  // SQLite leaves an empty log and its index beside a file that it looked at.
  const isStore = (path: string): boolean =>
    path.endsWith('.db-shm') ||
    (path.endsWith('.db-wal') && after.get(path)?.length === 0) ||
    (makesStore && /\.db(-wal)?$/.test(path))
  const names = (files: ReadonlyMap<string, Buffer>): readonly string[] =>
    [...files.keys()].filter((path) => !isStore(path)).toSorted()
  expect(names(after)).toEqual(names(before))
  for (const [path, bytes] of before) {
    if (isStore(path)) continue
    expect(after.get(path)?.equals(bytes), `${path} is as it was`).toBe(true)
  }
}

/** Neither secret, key nor token stands in what was printed or in a file of ours. */
async function expectNoSecret(outputs: string): Promise<void> {
  const key = await readFile(workspace.path('evergrant.key'), 'utf8').catch(() => '')
  const planted = [workspace.secret, key]
  const stored = [...(await bytesOf(workspace.folder))]
    .filter(([path]) => /\.db(-wal|-shm)?$/.test(path))
    .map(([, bytes]) => bytes.toString('latin1'))
  for (const place of [outputs, ...stored]) {
    expect(planted.filter((secret) => secret !== '' && place.includes(secret))).toEqual([])
    expect(place).not.toMatch(/eyJ[\w-]{8,}\.[\w-]+\.[\w-]+/)
  }
}
