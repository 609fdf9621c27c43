import type { Command } from 'commander'
import type { ConsentAction, CustomerOutcome, CustomerStanding } from '../consent/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import { customerOutcomeToJson, customerToJson, type Composition } from '../server/index.ts'
import {
  wholeNumberOption,
  withCommonOptions,
  withComposition,
  type CommonOptions,
} from './common-options.ts'
import type { CliContext } from './context.ts'
import { formatTable, printable } from './table.ts'

interface CustomersOptions extends CommonOptions {
  readonly customer: readonly string[]
  readonly all?: boolean
  readonly grant?: boolean
  readonly replace?: boolean
  readonly withdraw?: boolean
  readonly limit: string
  readonly after?: string
}

/** Customers of one page of Partner Center’s list, where all are worked on. */
const pageSize = 200

/** `evergrant connections customers` */
export function addCustomersCommand(connections: Command, { io, exitWith }: CliContext): void {
  withCommonOptions(
    connections
      .command('customers <name>')
      .description('see how far the consent of a partner’s customers reaches, and have it given')
      .option('--customer <id>', 'one customer, by the id of its tenant; may be repeated', add, [])
      .option('--all', 'every customer that Partner Center lists')
      .option('--grant', 'have the customers consent; without it nothing is written')
      .option('--replace', 'as --grant, and take entries back first that lack something')
      .option('--withdraw', 'take the consent of the customers back that are named')
      .option('--limit <customers>', 'how many are listed, 1 to 100', '20')
      .option('--after <place>', 'go on with the list: `next` of the page before'),
  )
    .addHelpText(
      'after',
      `
Without --customer and --all a page of customers is listed. How far consent reaches is told by a token
of each customer's tenant: Partner Center has no list of consents. With --customer or --all it is told
what would be done; --grant does it, by Partner Center, at most 40 requests a second. Customers that
have consented are left alone, so that the same command goes on where one was interrupted.

What they consent to: \`requires\` beside the upstreams for Graph and Resource Manager, else what the
partner's own tokens hold. The account behind the connection must be in AdminAgents and in a security
group of each GDAP relationship, which must let it consent.

Exit codes: 0 done · 3 some customer failed

Examples:
  $ evergrant connections customers csp
  $ evergrant connections customers csp --all
  $ evergrant connections customers csp --all --grant --json
  $ evergrant connections customers csp --customer 22222222-3333-4444-5555-666666666666 --withdraw`,
    )
    .action(async (name: string, options: CustomersOptions) => {
      const { customer: named, all: isAll = false } = options
      const action = actionOf(options)
      const isListed = named.length === 0 && !isAll
      if (named.length > 0 && isAll) throw usage('expected --customer or --all, but saw both')
      if (isListed && action !== undefined) {
        throw usage(`--${action}: expected --customer or --all beside it, but saw neither`)
      }
      if (action === 'withdraw' && isAll) {
        throw usage('--withdraw: expected customers by --customer, but saw --all')
      }
      for (const id of named) {
        if (!guid.test(id)) throw usage('--customer: expected the id of a tenant (a GUID)')
      }
      const limit = wholeNumberOption('--limit', options.limit, 1, 100)
      const isJson = options.json === true
      const work = async (composition: Composition): Promise<void> => {
        if (isListed) {
          const { after } = options
          const page = await composition.customers.list(name, {
            limit,
            ...(after === undefined ? {} : { after }),
          })
          if (!page.ok) throw page.error
          const { customers, next = null } = page.value
          if (isJson) {
            io.out(`${JSON.stringify({ items: customers.map(customerToJson), next })}\n`)
          } else {
            io.out(formatCustomers(customers))
            if (next !== null) io.note(`there are more: --after ${next}\n`)
          }
          return
        }
        const results: CustomerOutcome[] = []
        const wish = { action: action ?? 'grant', isDryRun: action === undefined }
        try {
          for await (const ids of isAll ? everyPage(composition, name) : [named]) {
            const lower = ids.map((id) => id.toLowerCase())
            results.push(...(await composition.customers.act(name, lower, wish)))
          }
        } catch (error) {
          // What was done is told also where the rest of the list could not be had.
          if (!isJson && results.length > 0) io.out(formatOutcomes(results))
          throw error
        }
        io.out(
          isJson
            ? `${JSON.stringify(results.map(customerOutcomeToJson))}\n`
            : formatOutcomes(results),
        )
        if (wish.isDryRun) io.note('nothing was written: --grant does it\n')
        if (results.some(({ outcome }) => outcome === 'failed')) exitWith(3)
      }
      // Thousands of customers take minutes, in which the connection may be paused.
      await withComposition(io, options, work, { isLasting: true })
    })
}

const guid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i

function add(id: string, ids: readonly string[]): readonly string[] {
  return [...ids, id]
}

function usage(detail: string): EvergrantError {
  return new EvergrantError('usage', detail)
}

function actionOf({ grant, replace, withdraw }: CustomersOptions): ConsentAction | undefined {
  const asked = Object.entries({ grant, replace, withdraw }).filter(([, is]) => is === true)
  if (asked.length > 1) throw usage('expected one of --grant, --replace and --withdraw')
  return asked[0]?.[0] as ConsentAction | undefined
}

async function* everyPage(
  { customers }: Composition,
  name: string,
): AsyncGenerator<readonly string[], void, undefined> {
  let after: string | undefined
  do {
    const page = await customers.page(name, {
      limit: pageSize,
      ...(after === undefined ? {} : { after }),
    })
    if (!page.ok) throw page.error
    yield page.value.customers.map(({ id }) => id)
    after = page.value.next
  } while (after !== undefined)
}

function formatCustomers(customers: readonly CustomerStanding[]): string {
  if (customers.length === 0) return 'Partner Center lists no customers\n'
  const table = formatTable(
    ['CUSTOMER', 'DOMAIN', 'CONSENT', 'MISSING'],
    customers.map(({ id, domain = '-', consent, missing }) => [
      id,
      printable(domain),
      consent,
      missing.length === 0 ? '-' : missing.join(', '),
    ]),
  )
  return table + customers.map(({ id, error }) => explain(id, error)).join('')
}

function formatOutcomes(results: readonly CustomerOutcome[]): string {
  if (results.length === 0) return 'Partner Center lists no customers\n'
  const table = formatTable(
    ['CUSTOMER', 'OUTCOME', 'DETAIL'],
    results.map(({ customer, outcome, detail }) => [customer, outcome, printable(detail)]),
  )
  return table + results.map(({ customer, error }) => explain(customer, error)).join('')
}

function explain(customer: string, error: EvergrantError | undefined): string {
  return error === undefined ? '' : `\n${customer} [${error.code}]\n→ ${error.remedy}\n`
}
