import type { Command } from 'commander'
import {
  describePermissions,
  permissionsToJson,
  type ConnectionPermissions,
} from '../server/index.ts'
import { withCommonOptions, withComposition, type CommonOptions } from './common-options.ts'
import type { CliContext } from './context.ts'
import { formatTable } from './table.ts'

/** `evergrant connections permissions` */
export function addPermissionsCommand(connections: Command, { io, exitWith }: CliContext): void {
  withCommonOptions(
    connections
      .command('permissions <name>')
      .description('compare the permissions that tokens must hold with those they hold'),
  )
    .addHelpText(
      'after',
      `
Required is what \`scope\` names and what stands in \`requires\` beside a resource; granted is what the
newest token says, alive or not. Nobody is asked, and no token is shown. The addresses lead back to
/consent/admin of this service, which must be a redirect URI of the application's registration.

Exit codes: 0 nothing is missing · 3 something is, or nobody can say

Examples:
  $ evergrant connections permissions csp
  $ evergrant connections permissions csp@fabrikam.onmicrosoft.com --json`,
    )
    .action(async (name: string, options: CommonOptions) => {
      await withComposition(io, options, async (composition) => {
        const found = await describePermissions(
          composition,
          name,
          composition.config.server.publicUrl,
        )
        io.out(
          options.json === true
            ? `${JSON.stringify(permissionsToJson(found))}\n`
            : formatPermissions(found),
        )
        const isLacking = found.targets.some(
          ({ missing, required, source }) =>
            missing.length > 0 || (required.length > 0 && source === 'none'),
        )
        if (isLacking) exitWith(3)
      })
    })
}

function formatPermissions({
  targets,
  reconsentUrl,
  adminConsentUrl,
}: ConnectionPermissions): string {
  const list = (scopes: readonly string[]): string => (scopes.length === 0 ? '-' : scopes.join(' '))
  const table = formatTable(
    ['TARGET', 'REQUIRED', 'MISSING', 'GRANTED'],
    targets.map(({ target, required, missing, granted, source }) => [
      target,
      list(required),
      source === 'none' && required.length > 0 ? 'unknown' : list(missing),
      source === 'none' ? 'unknown: there was no token yet' : list(granted),
    ]),
  )
  const addresses = [
    reconsentUrl === undefined
      ? ''
      : `\nThe account consents to what is missing, and nothing else, at\n${reconsentUrl}\n`,
    adminConsentUrl === undefined
      ? ''
      : `\nAn administrator consents for the whole tenant at\n${adminConsentUrl}\n`,
  ]
  return table + addresses.join('')
}
