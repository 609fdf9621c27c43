import { readFile, writeFile } from 'node:fs/promises'
import { runCommand } from './command.ts'
import type { Workspace } from './workspace.ts'

/** One bad input, and what the person who made it is told. */
export interface BadInput {
  readonly what: string
  /** Makes the input bad. Whatever it needs to exist before, it makes. */
  readonly spoil?: (workspace: Workspace) => unknown
  /** By default an import of all users into the store. */
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Exit code and code of the registry. */
  readonly exit: 2 | 3 | 4 | 5
  readonly code: string
  /** What the text names: the field, what was expected and seen, the remedy. */
  readonly says: readonly string[]
  /** What the text must not repeat. */
  readonly withholds?: readonly string[]
  /** Whether a store may come to be; by default no byte in the folder changes. */
  readonly makesStore?: boolean
  /** Whether the workspace speaks https as well, by a certificate nobody trusts. */
  readonly https?: boolean
}

/** Imports all users into the store. */
export const importUsers: readonly string[] = ['import', 'contoso-graph', 'users']
/** Asks for a token. */
export const token: readonly string[] = ['token', 'contoso-graph']
/** Tests the connection. */
export const probe: readonly string[] = ['connections', 'test', 'contoso-graph']

/** Replaces the first match in the configuration. */
export const edit =
  (from: string | RegExp, to: string) =>
  async ({ configPath }: Workspace): Promise<void> => {
    const written = await readFile(configPath, 'utf8')
    const edited = written.replace(from, to)
    if (edited === written) throw new Error(`nothing in the configuration is ${String(from)}`)
    await writeFile(configPath, edited)
  }
/** Writes a file of the workspace. */
export const put =
  (name: string, content: string | Uint8Array) =>
  ({ path }: Workspace): Promise<void> =>
    writeFile(path(name), content)
/** Makes the store, with a token and the rows of a complete import in it. */
export const fill = async ({ folder }: Workspace): Promise<void> => {
  const { exit, note } = await runCommand(importUsers, { cwd: folder })
  if (exit !== 0) throw new Error(note)
}
/** Does one after the other. */
export const inOrder =
  (...steps: readonly ((workspace: Workspace) => unknown)[]) =>
  async (workspace: Workspace): Promise<void> => {
    for (const step of steps) await step(workspace)
  }
