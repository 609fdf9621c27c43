import type { Command } from 'commander'
import {
  createCallerDesk,
  roles,
  type CallerDesk,
  type CallerRecord,
  type CallerRequest,
  type Role,
} from '../access/index.ts'
import { unknownConnection } from '../grants/index.ts'
import { EvergrantError, systemRandom } from '../kernel/index.ts'
import { callerToJson, type Composition } from '../server/index.ts'
import { describePermit, formatCallers } from './caller-table.ts'
import { withCommonOptions, withComposition, type CommonOptions } from './common-options.ts'
import type { CliContext } from './context.ts'

interface AddOptions extends CommonOptions {
  readonly connections?: string
  readonly upstream?: string
  readonly role?: string
  readonly allowTokens?: boolean
  readonly rate?: string
  readonly concurrency?: string
}

interface ListOptions extends CommonOptions {
  readonly revoked?: boolean
}

/** Callers read at a time. */
const pageSize = 500

/** `evergrant callers add|list|revoke` */
export function addCallersCommands(program: Command, { io }: CliContext): void {
  const callers = program
    .command('callers')
    .description('decide who may call: make, list and revoke caller keys')
    .addHelpText(
      'after',
      `
Examples:
  $ evergrant callers add crm --connections contoso-graph
  $ evergrant callers list
  $ evergrant callers revoke crm`,
    )

  withCommonOptions(
    callers
      .command('add <name>')
      .description('make a caller and print its key, which is shown this once')
      .option('--connections <names>', "connections it may call, by comma; '*' for all of them")
      .option('--upstream <name>', 'the only upstream of those that it may call')
      .option('--role <role>', `what it may do with Evergrant's own API: ${roles.join(', ')}`)
      .option('--allow-tokens', 'lets it have raw tokens of its connections')
      .option('--rate <n>', 'requests a second, averaged; as many may come at once')
      .option('--concurrency <n>', 'requests under way at once'),
  )
    .addHelpText(
      'after',
      `
A caller calls APIs through /proxy/CONNECTION/… and needs no role for that. The key goes to standard
output alone and is kept nowhere: the store has a hash of it. Running services know it at once.
Without --rate and --concurrency, server.limits of the configuration apply. A permit of a template
covers all its tenants.

Examples:
  $ evergrant callers add crm --connections contoso-graph
  $ evergrant callers add crm --connections contoso-graph | your-vault put crm-evergrant-key
  $ evergrant callers add billing --connections csp --upstream partner --rate 20 --concurrency 4
  $ evergrant callers add grafana --role viewer
  $ evergrant callers add ops --connections '*' --role operator --allow-tokens --json`,
    )
    .action(async (name: string, options: AddOptions) => {
      await withComposition(io, options, async (composition) => {
        const request = readRequest(composition, name, options)
        const { caller, key } = await deskOf(composition).add(request)
        if (options.json === true) {
          const { name: _, id, ...rest } = callerToJson(caller)
          io.out(`${JSON.stringify({ name, key: key.reveal(), id, ...rest })}\n`)
        } else io.out(`${key.reveal()}\n`)
        io.note(howToUse(composition, caller))
      })
    })

  withCommonOptions(
    callers
      .command('list')
      .description('list callers and what each may do')
      .option('--revoked', 'revoked ones, too'),
  )
    .addHelpText(
      'after',
      `
Keys are not shown: they are kept nowhere.

Examples:
  $ evergrant callers list
  $ evergrant callers list --revoked
  $ evergrant callers list --json | jq '.[] | select(.allow_tokens) | .name'`,
    )
    .action(async (options: ListOptions) => {
      await withComposition(io, options, async (composition) => {
        const all = await listAll(composition, options.revoked === true)
        io.out(
          options.json === true ? `${JSON.stringify(all.map(callerToJson))}\n` : formatCallers(all),
        )
      })
    })

  withCommonOptions(
    callers.command('revoke <name>').description('end a caller: its key is refused from then on'),
  )
    .addHelpText(
      'after',
      `
Running services refuse the key within a second; calls under way end as they would. The name is free
again. An id from \`callers list --json\` does as well as a name.

Examples:
  $ evergrant callers revoke crm`,
    )
    .action(async (name: string, options: CommonOptions) => {
      await withComposition(io, options, async (composition) => {
        await deskOf(composition).revoke(name)
        io.out(
          options.json === true
            ? `${JSON.stringify({ name, revoked: true })}\n`
            : `${name}: revoked\n`,
        )
      })
    })
}

/** What is asked for, checked against the connections there are. */
function readRequest(composition: Composition, name: string, options: AddOptions): CallerRequest {
  const { upstream, role, rate, concurrency } = options
  const connections = readConnections(composition, options.connections)
  if (upstream !== undefined) requireUpstream(composition, connections, upstream)
  return {
    name,
    connections,
    ...(upstream === undefined ? {} : { upstream }),
    ...(role === undefined ? {} : { role: readRole(role) }),
    allowTokens: options.allowTokens === true,
    limits: {
      ...(rate === undefined ? {} : { ratePerSecond: readNumber('--rate', rate) }),
      ...(concurrency === undefined
        ? {}
        : { concurrency: readNumber('--concurrency', concurrency) }),
    },
  }
}

/** @throws EvergrantError `connection_unknown`, `usage` */
function readConnections(
  { connections, engine }: Composition,
  text: string | undefined,
): CallerRequest['connections'] {
  if (text?.trim() === '*') return '*'
  const names = (text ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  const unusable = new Set(connections.unusable().map(({ name }) => name))
  for (const name of names) {
    if (name === '*') throw new EvergrantError('usage', `--connections: "*" stands alone`)
    if (name.includes('@')) {
      throw new EvergrantError(
        'usage',
        `--connections: expected names without tenant, but saw ${JSON.stringify(name.slice(0, 100))}`,
        { remedy: 'Leave "@TENANT" out: a permit covers all tenants of a template.' },
      )
    }
    if (connections.find(name) === undefined && !unusable.has(name)) {
      throw unknownConnection(name, engine.names)
    }
  }
  return names
}

/** @throws EvergrantError `usage` when a connection that is named has no such upstream */
function requireUpstream(
  { connections }: Composition,
  names: CallerRequest['connections'],
  upstream: string,
): void {
  const named = names === '*' ? [] : names.flatMap((name) => connections.find(name) ?? [])
  const lacking = named.find(({ config }) => !Object.hasOwn(config.upstreams, upstream))
  if (lacking === undefined && upstream !== '') return
  const known = Object.keys(lacking?.config.upstreams ?? {}).filter((name) => name !== '')
  const whose = lacking === undefined ? '' : `connection "${lacking.config.name}" has `
  throw new EvergrantError(
    'usage',
    `--upstream: ${whose}no upstream ${JSON.stringify(upstream.slice(0, 100))}`,
    {
      remedy:
        known.length === 0
          ? 'Leave --upstream out: the connection has a single API.'
          : `Name one of its upstreams: ${known.join(', ')}.`,
    },
  )
}

/** @throws EvergrantError `usage` */
function readRole(text: string): Role {
  const role = roles.find((one) => one === text)
  if (role !== undefined) return role
  throw new EvergrantError(
    'usage',
    `--role: expected ${roles.join(', ')}, but saw ${JSON.stringify(text.slice(0, 100))}`,
  )
}

/** @throws EvergrantError `usage` */
function readNumber(option: string, text: string): number {
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text)
  throw new EvergrantError(
    'usage',
    `${option}: expected a number, but saw ${JSON.stringify(text.slice(0, 100))}`,
  )
}

function howToUse({ config }: Composition, caller: CallerRecord): string {
  const { name, connections } = caller
  const [example = 'CONNECTION'] = connections === '*' ? [] : connections
  const { publicUrl } = config.server
  const target =
    caller.role !== undefined && connections !== '*' && connections.length === 0
      ? `${publicUrl}/api/v1/connections`
      : `${publicUrl}/proxy/${example}${caller.upstream === undefined ? '' : `:${caller.upstream}`}/…`
  return [
    `${name} may call ${describePermit(caller)}${caller.role === undefined ? '' : `, with the role ${caller.role}`}.`,
    'The key is shown once and kept nowhere. Send it with every call, for example:',
    `  curl -H "Authorization: Bearer $EVERGRANT_KEY" ${target}`,
    '',
  ].join('\n')
}

/** Services hear of changes from the store; this process remembers no caller. */
function deskOf({ store, clock }: Composition): CallerDesk {
  return createCallerDesk({
    store: store.callers,
    clock,
    random: systemRandom,
    onChanged: () => {},
  })
}

async function listAll(
  composition: Composition,
  withRevoked: boolean,
): Promise<readonly CallerRecord[]> {
  const desk = deskOf(composition)
  const all: CallerRecord[] = []
  for (let after: CallerRecord | undefined; ;) {
    const page = await desk.list({
      limit: pageSize,
      withRevoked,
      ...(after === undefined ? {} : { after }),
    })
    all.push(...page)
    after = page.at(-1)
    if (page.length < pageSize) return all
  }
}
