import { hostIo } from './io.ts'
import { runCli } from './run-cli.ts'

// A reader that closed its end of a pipe (`| head`) is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0)
  throw error
})

// Notes are a courtesy: an import outlives the terminal, or the `2>&1 | head`, that read them.
process.stderr.on('error', () => {})

process.exitCode = await runCli(process.argv.slice(2), hostIo)
