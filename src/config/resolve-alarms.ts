import type { ConfigFile } from './config-schema.ts'
import type { AlarmConfig, AlarmTargetConfig } from './config.ts'
import { durationText } from './duration-text.ts'
import { locate } from './resolve-connection.ts'

const ports = { starttls: 587, implicit: 465, none: 25 } as const

/** Fills in the defaults of receivers and makes paths absolute. */
export function resolveAlarms(read: ConfigFile['alarms'], directory: string): AlarmConfig {
  return {
    to: read.to.map((target) => resolveTarget(target, directory)),
    giveUpAfterMs: read.giveUpAfter,
  }
}

function resolveTarget(
  { webhook, secret, format = 'plain', allowPrivate = false, smtp }: WrittenTarget,
  directory: string,
): AlarmTargetConfig {
  if (smtp === undefined) {
    const url = webhook ?? ''
    return {
      type: 'webhook',
      url: typeof url === 'string' ? url : locate(url, directory),
      ...(secret === undefined ? {} : { secret: locate(secret, directory) }),
      format,
      allowPrivate,
    }
  }
  const { host, port, user, password, from, to, tls } = smtp
  return {
    type: 'smtp',
    host,
    port: port ?? ports[tls],
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password: locate(password, directory) }),
    from,
    to,
    tls,
  }
}

type WrittenTarget = ConfigFile['alarms']['to'][number]

/** The section as it is written. */
export function writeAlarms({ to, giveUpAfterMs }: AlarmConfig): object {
  return { to: to.map(writeTarget), giveUpAfter: durationText(giveUpAfterMs) }
}

function writeTarget(target: AlarmTargetConfig): object {
  const { type, ...fields } = target
  if (type === 'smtp') return { smtp: fields }
  const { url, ...rest } = fields as Extract<AlarmTargetConfig, { type: 'webhook' }>
  return { webhook: url, ...rest }
}
