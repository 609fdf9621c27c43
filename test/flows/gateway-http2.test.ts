import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createSecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { selfSignCertificate } from '../../src/simulator/index.ts'
import { settingsFor, startGateway } from '../support/gateway-fixture.ts'

it('speaks HTTP/2 to an API that offers it, and HTTP/1.1 where it is not wanted', async () => {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const subject = { commonName: 'api', hosts: ['127.0.0.1'], serial: randomBytes(16) }
  const { pem } = selfSignCertificate(keys, subject)
  const key = keys.privateKey.export({ type: 'pkcs8', format: 'pem' })
  const server = createSecureServer({ key, cert: pem, allowHTTP1: true }, (request, response) => {
    const { httpVersion, headers } = request
    let body = ''
    request.on('data', (piece: Buffer) => (body += piece.toString()))
    request.on('end', () => {
      response.writeHead(headers.authorization === 'Bearer token-1' ? 401 : 200)
      response.end(`${httpVersion} ${body.length}`)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  const upstreams = { new: settingsFor(url, { http2: true }), old: settingsFor(url) }
  await using gateway = await startGateway(upstreams, { ca: [pem] })
  const body = 'x'.repeat(100_000)
  const ask = { method: 'POST', body: 'hi' }
  expect((await gateway.call('/proxy/api:new/x', ask)).text).toBe('2.0 2')
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => gateway.call('/proxy/api:new/x', { method: 'POST', body })),
  )
  expect(new Set(answers.map(({ text }) => text))).toEqual(new Set(['2.0 100000']))
  expect((await gateway.call('/proxy/api:old/x', ask)).text).toBe('1.1 2')
  await using stranger = await startGateway({ '': settingsFor(url) })
  const untrusted = await stranger.call('/proxy/api/x')
  expect([untrusted.status, untrusted.text]).toEqual([
    502,
    expect.stringContaining('is not trusted') as string,
  ])
  await stranger.gateway.close()
  await gateway.gateway.close({ graceMs: 0 })
  await new Promise((resolve) => server.close(resolve))
})
