import type { Command } from 'commander'
import { EvergrantError, systemRandom } from '../kernel/index.ts'
import { openSdkListener, sdkConnection } from '../server/index.ts'
import { withCommonOptions, withComposition, type CommonOptions } from './common-options.ts'
import type { CliContext } from './context.ts'
import { runChild } from './run-child.ts'

/** Variables by which SDKs would find another identity than the one given. */
const others = [
  'MSI_ENDPOINT',
  'MSI_SECRET',
  'IMDS_ENDPOINT',
  'IDENTITY_SERVER_THUMBPRINT',
] as const

/** `evergrant run CONNECTION -- CMD…` */
export function addRunCommand(program: Command, context: CliContext): void {
  const { io } = context
  withCommonOptions(
    program
      .command('run <connection> [command...]')
      .description('run a command whose Azure SDK gets its tokens from a connection'),
  )
    .addHelpText(
      'after',
      `
The command finds a managed identity: IDENTITY_ENDPOINT and IDENTITY_HEADER as in App Service, and
AZURE_POD_IDENTITY_AUTHORITY_HOST as on a virtual machine. They lead to a port on loopback that ends
with the command; a secret made for this one run stands in them. Tokens are those the connection and
its upstreams are configured for. Nothing needs to run beforehand, and the exit code is the command's.

Examples:
  $ evergrant run contoso-graph -- node app.js
  $ evergrant run csp-customer@fabrikam.onmicrosoft.com -- python3 report.py
  $ evergrant run contoso-graph --config /etc/evergrant.yaml -- env`,
    )
    .action(async (address: string, words: readonly string[], options: CommonOptions) => {
      const [command, ...args] = words
      if (command === undefined) {
        throw new EvergrantError('usage', 'expected a command after "--", but saw none', {
          remedy: 'Write it so: evergrant run NAME -- node app.js',
        })
      }
      await withComposition(
        io,
        options,
        async ({ engine, clock }) => {
          // An address that leads nowhere is told before anything is started.
          sdkConnection(engine, address, { clock, correlationId: '' })
          const listener = await openSdkListener({
            random: systemRandom,
            newCorrelationId: () => crypto.randomUUID(),
            connection: (correlationId) => sdkConnection(engine, address, { clock, correlationId }),
            onFault: (fault) => io.note(`evergrant run: ${String(fault)}\n`),
          })
          try {
            const env = { ...io.env, ...listener.env }
            for (const name of others) delete env[name]
            context.exitWith(
              await runChild({ command, args, cwd: io.cwd, env, onInterrupt: io.onInterrupt }),
            )
          } finally {
            await listener.close()
          }
        },
        { isLasting: true },
      )
    })
}
