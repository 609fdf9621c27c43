import { appendFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApi, type TestApi } from '../support/gateway-fixture.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'

/** A span as OTLP's JSON has it. */
interface Span {
  readonly traceId: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly { readonly key: string; readonly value: Record<string, unknown> }[]
  readonly status: { readonly code?: number; readonly message?: string }
}
interface Export {
  readonly resourceSpans: readonly {
    readonly resource: Pick<Span, 'attributes'>
    readonly scopeSpans: readonly { readonly spans: readonly Span[] }[]
  }[]
}

let api: TestApi
let collector: Server
let fixture: ServiceFixture
const received: { readonly path: string; readonly text: string }[] = []
const upstreamSaw: (string | undefined)[] = []

beforeAll(async () => {
  api = await startApi((request, response) => {
    upstreamSaw.push(request.headers['traceparent'] as string | undefined)
    response.statusCode = request.url === '/gone' ? 404 : 200
    response.end('fine')
  })
  collector = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (part: string) => (text += part))
    request.on('end', () => {
      received.push({ path: request.url ?? '', text })
      response.setHeader('content-type', 'application/json').end('{}')
    })
  })
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve))
  const { port } = collector.address() as AddressInfo
  fixture = await startService({
    prepare: ({ configPath }) =>
      appendFile(
        configPath,
        `    upstream: { url: "${api.url}", resource: https://graph.microsoft.com }\n`,
      ),
    serving: {
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
        OTEL_SERVICE_NAME: 'evergrant-test',
      },
    },
  })
})
afterAll(async () => {
  await fixture.close()
  await api[Symbol.asyncDispose]()
  collector.closeAllConnections()
  await new Promise((resolve) => collector.close(resolve))
})

const attributesOf = ({ attributes }: Pick<Span, 'attributes'>): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))

describe('telemetry', () => {
  it('sends a span for each call and each exchange before the service has ended', async () => {
    const key = await fixture.addCaller('crm')
    const call = async (path: string, bearer: string): Promise<string> => {
      const answer = await fetch(`${fixture.url}/proxy/${path}`, {
        headers: { authorization: `Bearer ${bearer}` },
      })
      await answer.text()
      return answer.headers.get('evergrant-trace') ?? ''
    }
    const served = await call('contoso-graph/users?secret=planted', key)
    await call('contoso-graph/gone', key)
    await call('nowhere-known/users', key)
    await fixture.serving.close()

    const text = received.map((one) => one.text).join('\n')
    expect(received.map(({ path }) => path)).toEqual(['/v1/traces'])
    const { resourceSpans } = JSON.parse(text) as Export
    const [resource] = resourceSpans
    expect(attributesOf(resource?.resource ?? { attributes: [] })).toMatchObject({
      'service.name': 'evergrant-test',
    })
    const spans = resource?.scopeSpans.flatMap((scope) => scope.spans) ?? []
    expect(spans.map(({ name }) => name)).toEqual([
      'token exchange contoso-graph',
      'call contoso-graph',
      'call contoso-graph',
      'call',
    ])
    const [exchange, first, gone] = spans
    expect(attributesOf(exchange as Span)).toMatchObject({
      'evergrant.event': 'grant.refreshed',
      'evergrant.reason': 'first',
    })
    expect(first?.traceId).toBe(served.slice(4).replaceAll('-', ''))
    expect(first?.status.code ?? 0).toBe(0)
    expect(attributesOf(first as Span)).toMatchObject({
      'http.request.method': 'GET',
      'url.path': '/users',
      'http.response.status_code': 200,
      'evergrant.trace_id': served,
      'evergrant.connection': 'contoso-graph',
      'evergrant.caller': 'crm',
      'evergrant.outcome': 'served',
      'evergrant.renewed': true,
    })
    expect(attributesOf(gone as Span)).toMatchObject({
      'http.response.status_code': 404,
      'evergrant.renewed': false,
    })
    for (const { startTimeUnixNano, endTimeUnixNano } of spans) {
      const lasted = BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)
      expect(lasted >= 0n && lasted < 60_000_000_000n).toBe(true)
    }
    expect(text).not.toContain('planted')
    expect(text).not.toContain(key.slice(40))
    expect(upstreamSaw).toEqual([undefined, undefined])
  })
})
