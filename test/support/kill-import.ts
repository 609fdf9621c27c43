import { startCli } from './cli-process.ts'
import { atPage, type Workspace } from './workspace.ts'

/** How one import fared that was killed again and again. */
export interface KilledImport {
  readonly kills: number
  /** Output of the session that came to the end. */
  readonly notes: string
}

/** Numbers from 0 to 1 that a seed determines (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/**
 * Runs the real import command, kills its process with SIGKILL at random moments, and runs the very
 * same command again until it ends by itself.
 *
 * @param kills How often to kill; each session reads between none and `stride` pages first.
 */
export async function importUnderKills(
  workspace: Workspace,
  args: readonly string[],
  kills: number,
  stride: number,
  random: () => number,
  world: {
    readonly collections?: readonly string[]
    readonly env?: Readonly<Record<string, string>>
    /** Called before each session that will be killed. */
    readonly beforeSession?: () => void
  } = {},
): Promise<KilledImport> {
  const { beforeSession = () => {}, collections = ['users'], env = {} } = world
  const options = { cwd: workspace.folder, env }
  const config = ['--config', workspace.configPath]
  const command = ['import', 'contoso-graph', ...collections, ...config, ...args]
  let killed = 0
  for (let i = 0; i < kills; i++) {
    beforeSession()
    const session = startCli(command, options)
    const page = 1 + Math.floor(random() * stride)
    // Between an answer and the next lie scanning, writing, flushing and committing: hit any of them.
    const delayMs = random() * 25
    atPage(workspace.simulator, page, () => {
      setTimeout(() => session.kill('SIGKILL'), delayMs)
    })
    const { code, notes } = await session.ended
    if (code === 0) return { kills: killed, notes }
    if (code !== null) throw new Error(`the import ended with ${code}:\n${notes}`)
    killed++
  }
  const { code, notes } = await startCli(command, options).ended
  if (code !== 0) throw new Error(`the import ended with ${code}:\n${notes}`)
  return { kills: killed, notes }
}
