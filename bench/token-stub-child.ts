import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from './serve.ts'
import { paddedTo, refreshTokenOf, type StubOrder, type StubReport } from './token-stub.ts'

/** As long as those of Entra ID are. */
const accessTokenLength = 1_800

let latencyMs = 0
let expiresIn = 3_599
let requests = 0
/** How often each refresh token came. */
let redeemed = new Map<string, number>()

// A token endpoint that does nothing but count and answer: what it costs says nothing of anyone.
const server = createServer((request, response) => {
  let text = ''
  request.setEncoding('utf8').on('data', (part: string) => (text += part))
  request.on('end', () => {
    requests++
    const presented = new URLSearchParams(text).get('refresh_token')
    if (presented !== null) redeemed.set(presented, (redeemed.get(presented) ?? 0) + 1)
    const body = JSON.stringify({
      token_type: 'Bearer',
      expires_in: expiresIn,
      access_token: paddedTo(accessTokenLength, `access-${requests}`),
      ...(presented === null ? {} : { refresh_token: refreshTokenOf(`next-${requests}`) }),
    })
    const answer = (): void => {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(body)
    }
    if (latencyMs === 0) answer()
    else setTimeout(answer, latencyMs)
  })
})
server.keepAliveTimeout = 65_000

serve(async (order: StubOrder): Promise<StubReport> => {
  if (order.do === 'reset') {
    latencyMs = order.latencyMs
    expiresIn = order.expiresIn ?? 3_599
    requests = 0
    redeemed = new Map()
  }
  if (!server.listening) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  }
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    redeemed: redeemed.size,
    reused: [...redeemed.values()].filter((times) => times > 1).length,
  }
})
