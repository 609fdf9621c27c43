import type { Command } from 'commander'
import { guidanceOfAlarm, type ListedAlarm } from '../alarms/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import { alarmToJson, testAlarms, type AlarmTest } from '../server/index.ts'
import {
  wholeNumberOption,
  withCommonOptions,
  withComposition,
  type CommonOptions,
} from './common-options.ts'
import type { CliContext } from './context.ts'
import { stepLines } from './report-error.ts'
import { formatTable } from './table.ts'

interface ListOptions extends CommonOptions {
  readonly all?: boolean
  readonly before?: string
  readonly limit: string
}

/** `evergrant alarms list|test` */
export function addAlarmsCommands(program: Command, { io, exitWith }: CliContext): void {
  const alarms = program
    .command('alarms')
    .description('see what a person must know, and try who is told of it')
    .addHelpText(
      'after',
      `
A running service looks every minute and tells the receivers under \`alarms:\` in the configuration.

Examples:
  $ evergrant alarms list
  $ evergrant alarms test`,
    )

  withCommonOptions(
    alarms
      .command('list')
      .description('list open alarms, newest first')
      .option('--all', 'also those that are over, which are kept for 90 days')
      .option('--before <id>', 'older than that alarm: the next page')
      .option('--limit <alarms>', 'how many, 1 to 1000', '100'),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ evergrant alarms list --all --limit 20
  $ evergrant alarms list --json | jq '.[] | select(.severity == "critical")'`,
    )
    .action(async (options: ListOptions) => {
      const limit = wholeNumberOption('--limit', options.limit, 1, 1_000)
      await withComposition(io, options, async ({ store }) => {
        const found = await store.alarms.listAlarms({
          limit,
          ...(options.all === true ? {} : { isOpen: true }),
          ...(options.before === undefined ? {} : { after: options.before }),
        })
        io.out(
          options.json === true
            ? `${JSON.stringify(found.map(alarmToJson))}\n`
            : formatAlarms(found),
        )
      })
    })

  withCommonOptions(
    alarms
      .command('test')
      .description('send every receiver a test message now; exit code 4 if one does not take it'),
  )
    .addHelpText('after', '\nExamples:\n  $ evergrant alarms test --json')
    .action(async (options: CommonOptions) => {
      await withComposition(io, options, async (composition) => {
        if (composition.config.alarms.to.length === 0) {
          throw new EvergrantError('usage', 'nobody is told of alarms: "alarms.to" is empty', {
            remedy:
              'Name a receiver, such as alarms: { to: [{ webhook: https://…, secret: { env: ALARM_KEY } }] }.',
          })
        }
        const tests = await testAlarms(composition)
        io.out(
          options.json === true ? `${JSON.stringify(tests.map(testToJson))}\n` : formatTests(tests),
        )
        if (tests.some(({ outcome }) => outcome.kind === 'failed')) exitWith(4)
      })
    })
}

function testToJson({ receiver, outcome }: AlarmTest): object {
  const isDelivered = outcome.kind === 'delivered'
  return { receiver, delivered: isDelivered, detail: isDelivered ? null : outcome.detail }
}

function formatTests(tests: readonly AlarmTest[]): string {
  return formatTable(
    ['RECEIVER', 'RESULT'],
    tests.map(({ receiver, outcome }) => [
      receiver,
      outcome.kind === 'delivered' ? 'delivered' : `failed: ${outcome.detail}`,
    ]),
  )
}

function formatAlarms(alarms: readonly ListedAlarm[]): string {
  if (alarms.length === 0) return 'no alarms\n'
  const table = formatTable(
    ['ID', 'SEVERITY', 'SINCE', 'OVER', 'TOLD', 'TITLE'],
    alarms.map(({ id, severity, since, recoveredAt, deliveries, title }) => [
      id,
      severity,
      time(since),
      recoveredAt === undefined ? '-' : time(recoveredAt),
      toldText(deliveries),
      title,
    ]),
  )
  const notes = alarms.filter(({ recoveredAt }) => recoveredAt === undefined).map(formatNote)
  return table + notes.join('')
}

function formatNote(alarm: ListedAlarm): string {
  const { title, detail, remedy } = alarm
  const told = guidanceOfAlarm(alarm)
  const lines = [
    detail,
    ...(told.meaning === null ? [] : [told.meaning]),
    `To do: ${remedy}`,
    ...stepLines(remedy, told).map((line) => `  ${line}`),
  ]
  return `\n${title}\n${lines.map((line) => `  ${line}\n`).join('')}`
}

function toldText({ waiting, delivered, dead }: ListedAlarm['deliveries']): string {
  const parts = [
    ...(delivered > 0 ? [`${delivered} delivered`] : []),
    ...(waiting > 0 ? [`${waiting} waiting`] : []),
    ...(dead > 0 ? [`${dead} given up`] : []),
  ]
  return parts.length === 0 ? '-' : parts.join(', ')
}

const time = (at: number): string => new Date(at).toISOString()
