import { describe, expect, it } from 'vitest'
import { readTelemetrySettings } from './telemetry-settings.ts'

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/' }

describe('telemetry settings', () => {
  it.each([
    ['no address', {}],
    ['an empty address', { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }],
    ['the SDK switched off', { ...endpoint, OTEL_SDK_DISABLED: 'TRUE' }],
    ['no exporter', { ...endpoint, OTEL_TRACES_EXPORTER: 'none' }],
  ])('are none with %s', (_what, env) => {
    expect(readTelemetrySettings(env)).toBeUndefined()
  })

  it('send below the common address, or to the one for traces as it stands', () => {
    expect(readTelemetrySettings(endpoint)).toEqual({
      url: 'http://collector:4318/v1/traces',
      serviceName: 'evergrant',
      ratio: 1,
      timeoutMs: 5_000,
    })
    const own = { ...endpoint, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://other/spans' }
    expect(readTelemetrySettings(own)?.url).toBe('http://other/spans')
  })

  it.each([
    ['always_on', '', 1],
    ['always_off', '', 0],
    ['parentbased_always_off', '', 0],
    ['traceidratio', '0.25', 0.25],
    ['parentbased_traceidratio', '0', 0],
    ['traceidratio', '', 1],
    ['traceidratio', 'much', 1],
    ['traceidratio', '7', 1],
    ['unheard_of', '0.5', 1],
  ])('take the sampler %s (%s) for the ratio %d', (sampler, argument, ratio) => {
    const env = { ...endpoint, OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: argument }
    expect(readTelemetrySettings(env)?.ratio).toBe(ratio)
  })
})
