import { consentEventTypes } from '../../src/consent/index.ts'
import { alarmEventTypes } from '../../src/alarms/index.ts'
import { accountEventTypes } from '../../src/directory/index.ts'
import { facadeEventTypes, gatewayEventTypes } from '../../src/gateway/index.ts'
import { grantEventTypes } from '../../src/grants/index.ts'
import { auditEventTypes, sessionEventTypes } from '../../src/access/index.ts'
import { identityEventTypes } from '../../src/identity/index.ts'
import { logTypes, progressEventTypes, scheduleEventTypes } from '../../src/imports/index.ts'
import { jobEventTypes } from '../../src/jobs/index.ts'
import { pageHead, table } from './markdown.ts'

/**
 * The tables of events. A room describes its events in a record from type to one sentence, typed so
 * that none can be forgotten (`Readonly<Record<GrantEvent['type'], string>>`), exports it from its
 * `index.ts`, and gets an entry here.
 */
const eventTables: readonly {
  readonly heading: string
  readonly about: string
  readonly types: Readonly<Record<string, string>>
}[] = [
  {
    heading: 'Job execution log',
    about:
      'Lines of the log of an import run: `evergrant imports log ID`, with `--json` one object a line.',
    types: logTypes,
  },
  {
    heading: 'Progress',
    about:
      'The lines of the log as events are `import.` and the line’s type. A service forwards those of the runs it drives, except what comes by page, group or request, which stands in the log alone.',
    types: progressEventTypes,
  },
  {
    heading: 'Schedules',
    about: 'What becomes of the instants at which imports are due.',
    types: scheduleEventTypes,
  },
  {
    heading: 'Grants',
    about: 'What the token engine tells the log of the process.',
    types: grantEventTypes,
  },
  {
    heading: 'Gateway',
    about: 'What happens to calls through the gateway besides plain success.',
    types: gatewayEventTypes,
  },
  {
    heading: 'Façade',
    about: 'What happens at the authorization server that stands for a connection.',
    types: facadeEventTypes,
  },
  {
    heading: 'Identity',
    about: 'What happens to bearer tokens of callers, and to the keys of their issuers.',
    types: identityEventTypes,
  },
  {
    heading: 'Sessions',
    about: 'What happens to sessions that callers have in exchange for tokens.',
    types: sessionEventTypes,
  },
  {
    heading: 'Record',
    about: 'What happens to the record of what was done (`evergrant audit list`).',
    types: auditEventTypes,
  },
  {
    heading: 'Accounts',
    about: 'What is decided about accounts of the directory here.',
    types: accountEventTypes,
  },
  {
    heading: 'Consent',
    about: 'What happens to sign-ins that shall bring a connection its grant.',
    types: consentEventTypes,
  },
  {
    heading: 'Alarms',
    about: 'What a person must know, and who was told of it.',
    types: alarmEventTypes,
  },
  {
    heading: 'Jobs',
    about: 'What wakes what is due, such as the keep-alive of idle grants.',
    types: jobEventTypes,
  },
]

/** Renders `docs/reference/events.md` from the tables of the rooms. */
export function renderEventsPage(): string {
  const sections = eventTables.map(({ heading, about, types }) =>
    [
      `## ${heading}`,
      about,
      table(
        ['type', 'meaning'],
        Object.entries(types).map(([type, meaning]) => [`\`${type}\``, meaning]),
      ),
    ].join('\n\n'),
  )
  return `${[
    pageHead('Events', 'the tables of the rooms'),
    'Types are never renamed. Instants are epoch milliseconds, durations end in `Ms`.',
    ...sections,
  ].join('\n\n')}\n`
}
