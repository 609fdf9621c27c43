import { guidanceOf, type Guidance } from '../kernel/index.ts'
import type { AlarmKind, AlarmRecord } from './ports.ts'

/**
 * What is to be done about an alarm, step by step. Made from what every stored alarm has: the words
 * of its remedy name the entry of the catalogue they are of; an alarm’s own remedy has steps by its
 * kind.
 */
export function guidanceOfAlarm({
  kind,
  subject,
  remedy,
}: Pick<AlarmRecord, 'kind' | 'subject' | 'remedy'>): Guidance {
  const isOfConnection = kind.startsWith('grant_') || kind === 'heartbeat_missed'
  const found = guidanceOf({ remedy, name: isOfConnection ? subject : undefined })
  const isItsOwn = found.steps.length === 1 && found.steps[0] === remedy
  const own = isItsOwn ? stepsByKind[kind](subject) : undefined
  return own === undefined ? found : { ...found, steps: own }
}

/** Undefined where the remedy is the only step. */
const stepsByKind: Readonly<Record<AlarmKind, (subject: string) => readonly string[] | undefined>> =
  {
    grant_lapsed: () => undefined,
    grant_refresh_unknown: (subject) => [
      `If a token of the connection still lives, there is time: see \`evergrant connections show ${subject}\`.`,
      `Send the refresh token once more with \`evergrant connections refresh ${subject} --resend\`, or obtain consent again.`,
    ],
    grant_idle: (subject) => [
      `Use the refresh token now: \`evergrant connections refresh ${subject}\`.`,
      'See that a service runs (`evergrant serve`): it keeps refresh tokens alive by itself.',
      'Look for job.failed and grant.refresh_failed in its log.',
    ],
    heartbeat_missed: (subject) => [
      `Use the refresh token now: \`evergrant connections refresh ${subject}\`.`,
      'See that a service runs (`evergrant serve`) and what its log says: job.failed, grant.refresh_failed.',
    ],
    credential_expiring: () => [
      'Make a new credential at the provider (Entra admin center → App registrations → the application → Certificates & secrets).',
      'Put it before this one under `credentials`, with its `expiresAt`; the old one goes on serving meanwhile.',
      'Take a new token with `evergrant connections refresh NAME` and see that it serves.',
      'Take the old credential out, here and at the provider.',
    ],
    import_failed: () => undefined,
    import_missed: (subject) => [
      'See that a service runs (`evergrant serve`): it begins imports by their schedules.',
      'See with `evergrant imports schedule` what became of the last due instant, and the code where it failed.',
      `Begin it now with \`evergrant imports run ${subject}\`.`,
    ],
    import_link: (subject) => [
      `See with \`evergrant imports schedule\` and \`evergrant imports list\` why no run of ${subject} has completed since, or what its last one was refused.`,
      `Run it with \`evergrant imports run ${subject}\`: whatever it has to read, it takes a new link.`,
    ],
    issuer_keys: (subject) => [
      'See with `evergrant doctor` that this host reaches the issuer.',
      `Fetch the keys again with \`evergrant issuers refresh ${subject}\`.`,
    ],
  }
