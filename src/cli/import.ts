import type { Command } from 'commander'
import { collections } from '../directory/index.ts'
import {
  buildRequest,
  defaultCsv,
  keyFieldOf,
  keyVariable,
  parseDestination,
  prepareRun,
  printOfKey,
  type ImportDescription,
  type ImportRequest,
} from '../imports/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import type { Composition } from '../server/index.ts'
import {
  durationOption,
  wholeNumberOption,
  withCommonOptions,
  withComposition,
  type CommonOptions,
} from './common-options.ts'
import { driveToEnd } from './drive-to-end.ts'
import { argumentPath } from './io.ts'
import type { CliContext } from './context.ts'

interface ImportOptions extends CommonOptions {
  readonly to: string
  readonly refreshBefore: string
  readonly pageSize: string
  readonly concurrency: string
  readonly select?: string
  readonly drop?: string
  readonly hash?: string
  readonly filter?: string
  readonly name?: string
  readonly delta?: boolean
  readonly fresh?: boolean
  readonly takeOver?: boolean
  readonly publish: string
  readonly csvDelimiter?: string
  readonly csvNoHeader?: boolean
  readonly csvBom?: boolean
  readonly deleteAtMost: string
  readonly pages?: boolean
}

/** `evergrant import CONNECTION COLLECTION…` */
export function addImportCommand(program: Command, context: CliContext): void {
  withCommonOptions(
    program
      .command('import <connection> <collections...>')
      .description('import collections of the directory, straight through token expiry')
      .option(
        '--to <destination>',
        'store, ndjson:DIR, csv:DIR, sqlite:FILE or postgres://USER@HOST/DATABASE',
        'store',
      )
      .option('--refresh-before <duration>', 'renew tokens with less life than this', '5m')
      .option('--page-size <rows>', 'rows a page, 1 to 999', '999')
      .option('--concurrency <cursors>', 'cursors a collection, 1 to 32, or auto', 'auto')
      .option('--select <columns>', 'properties to import, comma-separated')
      .option('--drop <columns>', 'properties not to import, of the default ones or of --select')
      .option(
        '--hash <columns>',
        'properties to import as a hash (HMAC-SHA-256), with the key in EVERGRANT_HASH_KEY',
      )
      .option(
        '--filter <filter>',
        'OData $filter; the run then never counts as the whole directory',
      )
      .option('--name <name>', 'name of the import (default: the connection)')
      .option(
        '--delta',
        'read only what has changed since the last completed run, where that is known',
      )
      .option('--fresh', 'start anew where an interrupted run could be resumed')
      .option('--take-over', 'take rows of the store over from another import')
      .option(
        '--publish <when>',
        'put snapshots in place: complete, or partial as well',
        'complete',
      )
      .option('--csv-delimiter <character>', 'what parts the columns of csv: (default: a comma)')
      .option('--csv-no-header', 'write csv: files without a header')
      .option('--csv-bom', 'begin csv: files with a byte order mark, for spreadsheets')
      .option(
        '--delete-at-most <share>',
        'mark no row of the store as deleted when more than this share would be',
        '10%',
      )
      .option('--pages', 'print a line for every page'),
  )
    .addHelpText('after', helpText())
    .action(async (connection: string, names: readonly string[], options: ImportOptions) => {
      await withComposition(context.io, options, async (composition) => {
        const request = await readRequest(composition, connection, names, options, (path) =>
          argumentPath(context.io, path),
        )
        const prepared = await prepareRun(composition.desk, request)
        await driveToEnd(context, composition, prepared, options)
      })
    })
}

async function readRequest(
  composition: Composition,
  connection: string,
  names: readonly string[],
  options: ImportOptions,
  resolvePath: (path: string) => string,
): Promise<ImportRequest> {
  const destination = parseDestination(options.to, resolvePath)
  const refreshBeforeMs = durationOption('--refresh-before', options.refreshBefore)
  const { publish } = options
  if (publish !== 'complete' && publish !== 'partial') {
    throw new EvergrantError(
      'usage',
      `--publish: expected "complete" or "partial", but saw ${JSON.stringify(publish)}`,
    )
  }
  const isCsv = destination.kind === 'csv'
  const csvOption = [
    options.csvDelimiter === undefined ? undefined : '--csv-delimiter',
    options.csvNoHeader === true ? '--csv-no-header' : undefined,
    options.csvBom === true ? '--csv-bom' : undefined,
  ].find((name) => name !== undefined)
  if (csvOption !== undefined && !isCsv) {
    throw new EvergrantError('usage', `${csvOption}: expected a destination csv:DIR with it`)
  }
  const chosen = options.select === undefined ? undefined : listOf(options.select)
  const name = options.name ?? connection
  const policy = await readPolicy(composition, name, options)
  const description: ImportDescription = {
    name,
    connection,
    collections: names,
    destination,
    // Of several collections, --select is about those that have a choice.
    columnsOf: (collection) =>
      collections[collection].hasFixedColumns === true && names.length > 1 ? undefined : chosen,
    ...(policy === undefined ? {} : { policy }),
    ...(options.filter === undefined ? {} : { filter: options.filter }),
    pageSize: wholeNumberOption('--page-size', options.pageSize, 1, 999),
    concurrency:
      options.concurrency === 'auto'
        ? 'auto'
        : wholeNumberOption('--concurrency', options.concurrency, 1, 32),
    refreshBeforeMs,
    publish,
    csv: {
      header: options.csvNoHeader !== true,
      delimiter: csvDelimiter(options.csvDelimiter),
      bom: options.csvBom === true,
    },
    deleteAtMost: shareOption('--delete-at-most', options.deleteAtMost),
    isDelta: options.delta === true,
    isFresh: options.fresh === true,
    isTakeOver: options.takeOver === true,
  }
  return buildRequest(description, await composition.importSource(connection))
}

/** What is kept from the destination; its key is never an argument, where others would see it. */
async function readPolicy(
  { columnKey }: Pick<Composition, 'columnKey'>,
  name: string,
  { drop, hash }: Pick<ImportOptions, 'drop' | 'hash'>,
): Promise<ImportDescription['policy']> {
  if (drop === undefined && hash === undefined) return undefined
  const key = hash === undefined ? undefined : await columnKey(name)
  if (hash !== undefined && key === undefined) {
    throw new EvergrantError(
      'usage',
      `--hash: expected a key in ${keyVariable} or "${keyFieldOf(name)}", but there is none`,
      {
        remedy:
          'Make one with `openssl rand -base64 32`, and keep it: another one hashes otherwise.',
      },
    )
  }
  return {
    drop: drop === undefined ? [] : listOf(drop),
    hash: hash === undefined ? [] : listOf(hash),
    fields: { drop: '--drop', hash: '--hash', refusal: 'usage' },
    ...(key === undefined ? {} : { keyPrint: printOfKey(key) }),
  }
}

const listOf = (text: string): readonly string[] => text.split(',').map((part) => part.trim())

/** Shells make a tab hard to type. */
function csvDelimiter(text: string | undefined): string {
  if (text === undefined) return defaultCsv.delimiter
  return text === '\\t' || text === 'tab' ? '\t' : text
}

/** Reads a share such as `10%`. */
function shareOption(name: string, text: string): number {
  const percent = /^(\d{1,3}(?:\.\d+)?)%$/.exec(text)?.[1]
  const share = Number(percent) / 100
  if (percent !== undefined && share <= 1) return share
  throw new EvergrantError(
    'usage',
    `${name}: expected a share from 0% to 100%, but saw ${JSON.stringify(text)}`,
  )
}

function helpText(): string {
  const lines = Object.values(collections).map(
    ({ name, permission, furtherPermission, defaultColumns, hasFixedColumns = false }) =>
      `  ${name}: application permission ${permission}${furtherPermission === undefined ? '' : ` and ${furtherPermission}`}\n    columns${hasFixedColumns ? '' : ' by default'}: ${defaultColumns.join(', ')}`,
  )
  return `
Collections:
${lines.join('\n')}

Examples:
  $ evergrant import contoso-graph users
  $ evergrant import contoso-graph users groups members owners
  $ evergrant import contoso-graph users groups --delta
  $ evergrant import contoso-graph users --to csv:./drop --name assets --concurrency 16
  $ evergrant import contoso-graph users --to ndjson:./out --refresh-before 10m
  $ evergrant import contoso-graph users groups --to csv:./out --csv-delimiter ';' --csv-bom
  $ evergrant import contoso-graph users --to postgres://loader@db.example.com/directory
  $ evergrant import contoso-graph users --select displayName,mail,accountEnabled --name slim
  $ evergrant import contoso-graph users --drop mobilePhone --hash mail,userPrincipalName

The password of a postgres:// destination is read from PGPASSWORD, or from imports.NAME.password of
the configuration; never from the address.

Interrupted (Ctrl-C, kill, power cut), the same command goes on where the last page was committed.
Exit codes: 0 complete · 2 usage, or the import runs already · 3 a person must act ·
            4 Graph or the provider unavailable for an hour · 5 incomplete, resume it`
}
