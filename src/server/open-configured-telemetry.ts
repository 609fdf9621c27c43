import type { Composition } from './compose.ts'
import type { ServiceLog } from './service-log.ts'
import { readTelemetrySettings } from './telemetry-settings.ts'
import type { Telemetry } from './telemetry.ts'

/**
 * Opens telemetry where OpenTelemetry's variables ask for it; undefined, at no cost, where they do
 * not. What is wrong with it is told in the log and never stops the service.
 */
export async function openConfiguredTelemetry(
  { env, clock, connections }: Pick<Composition, 'env' | 'clock' | 'connections'>,
  log: Pick<ServiceLog, 'info' | 'warn'>,
): Promise<Telemetry | undefined> {
  const settings = readTelemetrySettings(env)
  if (settings === undefined) return undefined
  try {
    const { openTelemetry } = await import('./telemetry.ts')
    const telemetry = await openTelemetry(settings, {
      clock,
      isConnection: (name) => connections.find(name) !== undefined,
      onFailure: (reason) => log.warn('the collector takes no spans', { reason }),
    })
    log.info('spans are sent to a collector', { service: settings.serviceName })
    return telemetry
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, 200) : String(error)
    log.warn('no spans are sent', { reason })
    return undefined
  }
}
