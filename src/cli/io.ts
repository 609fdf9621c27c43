import { resolve } from 'node:path'

/** Everything a command may touch of the world it is called in; tests bring their own. */
export interface CliIo {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Results. */
  out(text: string): void
  /** Progress, notes and errors. */
  note(text: string): void
  /** Whether notes go to a terminal that can redraw a line. */
  readonly isTerminal: boolean
  /** Width of that terminal in columns. */
  readonly columns: number
  /** All of standard input; empty when it is a terminal. */
  readInput(): Promise<string>
  /** Calls back at every SIGINT or SIGTERM until the returned function is called. */
  onInterrupt(listener: () => void): () => void
  /** Calls back at every SIGHUP until the returned function is called. */
  onHangUp(listener: () => void): () => void
}

/** The process's own world. */
export const hostIo: CliIo = {
  env: process.env,
  cwd: process.cwd(),
  out: (text) => void process.stdout.write(text),
  note: (text) => void process.stderr.write(text),
  isTerminal: process.stderr.isTTY,
  get columns() {
    return process.stderr.columns
  },
  readInput: async () => {
    if (process.stdin.isTTY) return ''
    const chunks: Buffer[] = []
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks).toString('utf8')
  },
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

/** An argument's path, absolute: arguments resolve against the working directory. */
export function argumentPath(io: CliIo, path: string): string {
  return resolve(io.cwd, path)
}
