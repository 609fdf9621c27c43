import type { CliIo } from '../../src/cli/io.ts'
import { runCli } from '../../src/cli/run-cli.ts'

/** What a command printed and how it ended. */
export interface CommandOutcome {
  readonly exit: number
  /** Standard output. */
  readonly out: string
  /** Standard error. */
  readonly note: string
  /** Standard output as JSON. */
  json(): unknown
}

/** Runs the real command line in this process, in a world of its own. */
export async function runCommand(
  args: readonly string[],
  world: {
    readonly cwd: string
    readonly env?: CliIo['env']
    readonly launch?: CliIo['launch']
    /** Standard input; a function is called when the command reads it. */
    readonly input?: string | (() => Promise<string>)
  },
): Promise<CommandOutcome> {
  let out = ''
  let note = ''
  const exit = await runCli(args, {
    env: world.env ?? {},
    cwd: world.cwd,
    ...(world.launch === undefined ? {} : { launch: world.launch }),
    out: (text) => {
      out += text
    },
    note: (text) => {
      note += text
    },
    outBytes: async (bytes) => {
      out += Buffer.from(bytes).toString('latin1')
    },
    isTerminal: false,
    columns: 80,
    readInput: async () =>
      typeof world.input === 'function' ? world.input() : (world.input ?? ''),
    readInputBytes: async () =>
      Buffer.from(typeof world.input === 'function' ? await world.input() : (world.input ?? '')),
    onInterrupt: () => () => {},
    onHangUp: () => () => {},
  })
  return { exit, out, note, json: () => JSON.parse(out) as unknown }
}
