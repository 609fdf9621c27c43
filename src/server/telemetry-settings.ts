/** Which of all spans are kept, by chance alone: none of ours has a parent. */
export interface SamplerSettings {
  /** From 0 (none) to 1 (all). */
  readonly ratio: number
}

/** Where spans go. */
export interface TelemetrySettings extends SamplerSettings {
  /** The collector’s address for traces. */
  readonly url: string
  readonly serviceName: string
  /** Longest that one export may take (ms). */
  readonly timeoutMs: number
}

/** Short, so that a collector that hangs does not hold the end of the process. */
const defaultTimeoutMs = 5_000

/**
 * Reads OpenTelemetry’s own variables: `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` (as it stands) or
 * `OTEL_EXPORTER_OTLP_ENDPOINT` (`/v1/traces` below it), `OTEL_SERVICE_NAME`, `OTEL_TRACES_SAMPLER`
 * with its argument. Undefined when there is no address, or `OTEL_SDK_DISABLED` or
 * `OTEL_TRACES_EXPORTER=none` says so. Headers and certificates are read by the exporter.
 *
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export function readTelemetrySettings(
  env: Readonly<Record<string, string | undefined>>,
): TelemetrySettings | undefined {
  const read = (name: string): string => env[name]?.trim() ?? ''
  const endpoint = read('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT')
  const base = read('OTEL_EXPORTER_OTLP_ENDPOINT')
  if (endpoint === '' && base === '') return undefined
  if (read('OTEL_SDK_DISABLED').toLowerCase() === 'true') return undefined
  if (read('OTEL_TRACES_EXPORTER').toLowerCase() === 'none') return undefined
  const timeout = Number(
    read('OTEL_EXPORTER_OTLP_TRACES_TIMEOUT') || read('OTEL_EXPORTER_OTLP_TIMEOUT'),
  )
  return {
    url: endpoint === '' ? `${base.replace(/\/+$/, '')}/v1/traces` : endpoint,
    serviceName: read('OTEL_SERVICE_NAME') || 'evergrant',
    ratio: ratioOf(read('OTEL_TRACES_SAMPLER').toLowerCase(), read('OTEL_TRACES_SAMPLER_ARG')),
    timeoutMs: timeout > 0 ? timeout : defaultTimeoutMs,
  }
}

/** `parentbased_…` is what stands behind it, since there are no parents; what is unknown is all. */
function ratioOf(sampler: string, argument: string): number {
  const root = sampler.replace(/^parentbased_/, '')
  if (root === 'always_off') return 0
  if (root !== 'traceidratio' || argument === '') return 1
  const ratio = Number(argument)
  return ratio >= 0 && ratio <= 1 ? ratio : 1
}
