import { userInfo } from 'node:os'
import { resolve } from 'node:path'

/** Everything a command may touch of the world it is called in; tests bring their own. */
export interface CliIo {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** What the process was started as: Node.js as it was called, and the path of the script. */
  readonly launch?: { readonly node: string; readonly script: string }
  /** Results. */
  out(text: string): void
  /** Results that are no text; resolves when more may come. Rejects when nobody reads them. */
  outBytes(bytes: Uint8Array): Promise<void>
  /** Progress, notes and errors. */
  note(text: string): void
  /** Whether notes go to a terminal that can redraw a line. */
  readonly isTerminal: boolean
  /** Width of that terminal in columns. */
  readonly columns: number
  /** All of standard input; empty when it is a terminal. */
  readInput(): Promise<string>
  /** The same, not taken for text. */
  readInputBytes(): Promise<Uint8Array>
  /** Calls back at every SIGINT or SIGTERM until the returned function is called. */
  onInterrupt(listener: () => void): () => void
  /** Calls back at every SIGHUP until the returned function is called. */
  onHangUp(listener: () => void): () => void
}

/** The process's own world. */
export const hostIo: CliIo = {
  env: process.env,
  cwd: process.cwd(),
  launch: { node: process.argv0, script: process.argv[1] ?? '' },
  out: (text) => void process.stdout.write(text),
  note: (text) => void process.stderr.write(text),
  isTerminal: process.stderr.isTTY,
  get columns() {
    return process.stderr.columns
  },
  outBytes: async (bytes) => {
    await new Promise<void>((done, fail) => {
      process.stdout.write(bytes, (error) => (error ? fail(error) : done()))
    })
  },
  readInput: async () => (await readAll()).toString('utf8'),
  readInputBytes: readAll,
  onInterrupt: (listener) => {
    process.on('SIGINT', listener)
    process.on('SIGTERM', listener)
    return () => {
      process.off('SIGINT', listener)
      process.off('SIGTERM', listener)
    }
  },
  onHangUp: (listener) => {
    process.on('SIGHUP', listener)
    return () => process.off('SIGHUP', listener)
  },
}

/** Who runs this command, as the operating system says. */
export function userOf({ env }: CliIo): string {
  const name = env['USER'] ?? env['LOGNAME'] ?? env['USERNAME'] ?? accountName()
  return name === '' ? 'unknown' : name.slice(0, 100)
}

function accountName(): string {
  try {
    return userInfo().username
  } catch {
    // In containers the user often has a number alone.
    return ''
  }
}

/** An argument's path, absolute: arguments resolve against the working directory. */
export function argumentPath(io: CliIo, path: string): string {
  return resolve(io.cwd, path)
}

async function readAll(): Promise<Buffer> {
  if (process.stdin.isTTY) return Buffer.alloc(0)
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
