import { runCli } from '../../src/cli/run-cli.ts'
import type { ConsentWorld } from './consent-world.ts'

/** Runs a command that prints an address and waits. */
export function watch(
  args: string,
  { folder }: ConsentWorld,
  paste: (address: string) => Promise<string> = async () => '',
): {
  readonly address: Promise<string>
  readonly ended: Promise<{ readonly exit: number; readonly out: string; readonly note: string }>
  interrupt(): void
} {
  const address = Promise.withResolvers<string>()
  let out = ''
  let note = ''
  let onInterrupt: (() => void) | undefined
  const readInput = async (): Promise<string> => paste(await address.promise)
  const exit = runCli(args.split(' '), {
    env: {},
    cwd: folder,
    out: (text) => {
      out += text
    },
    note: (text) => {
      note += text
      const printed = /^ +(https?:\S+authorize\S+)$/m.exec(note)?.[1]
      if (printed !== undefined) address.resolve(printed)
    },
    outBytes: async () => {},
    isTerminal: false,
    columns: 80,
    readInput,
    readInputBytes: async () => Buffer.from(await readInput()),
    onInterrupt: (listener) => {
      onInterrupt = listener
      return () => {}
    },
    onHangUp: () => () => {},
  })
  const ended = exit.then((code) => ({ exit: code, out, note }))
  return { address: address.promise, ended, interrupt: () => onInterrupt?.() }
}
