import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { loadConfig } from '../config/index.ts'
import { askService } from '../server/index.ts'
import { configPathOf, withCommonOptions, type CommonOptions } from './common-options.ts'
import type { CliContext } from './context.ts'
import { argumentPath } from './io.ts'

interface ReloadOptions extends CommonOptions {
  readonly url?: string
  readonly keyFile?: string
}

/** `evergrant config reload` */
export function addConfigReloadCommand(config: Command, { io }: CliContext): void {
  withCommonOptions(
    config
      .command('reload')
      .description('let a running service take over the changed configuration, or none of it')
      .option('--url <url>', 'where the service listens (default: server.publicUrl)')
      .option(
        '--key-file <file>',
        'file with a caller key (default: EVERGRANT_KEY of the environment)',
      ),
  )
    .addHelpText(
      'after',
      `
The file is validated here first; the service then reads its own again and checks it as a whole. What
needs a restart is refused by name. The key is one with the role admin; it is never an argument.
SIGHUP to the service does the same without a key, and tells its outcome in the log alone.

Examples:
  $ EVERGRANT_KEY=$(your-vault get ops-evergrant-key) evergrant config reload
  $ evergrant config reload --key-file /run/secrets/evergrant-ops
  $ evergrant config reload --url https://node-2.example.com:8420 --key-file ops.key --json`,
    )
    .action(async (options: ReloadOptions) => {
      const loaded = await loadConfig(configPathOf(io, options), {
        readFile,
        workingDirectory: io.cwd,
      })
      const url = options.url ?? loaded.server.publicUrl
      const { keyFile } = options
      await askService('/api/v1/config/reload', {
        config: loaded,
        env: io.env,
        url,
        key: keyFile === undefined ? { env: 'EVERGRANT_KEY' } : { file: argumentPath(io, keyFile) },
        keyAskedBy: keyFile === undefined ? 'EVERGRANT_KEY' : '--key-file',
      })
      if (options.json === true) io.out(`${JSON.stringify({ url, reloaded: true })}\n`)
      else io.out(`${url}: configuration reloaded\n`)
    })
}
