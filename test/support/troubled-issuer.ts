import type { ServerResponse } from 'node:http'
import type { ManualClock } from '../../src/kernel/index.ts'
import { startScriptedServer, type ScriptedServer } from './scripted-server.ts'
import { signToken, type SigningKey } from './token-maker.ts'

/** What an issuer does to those who ask it. */
export type Trouble = 'none' | 'reset' | 'error' | 'garbage' | 'empty' | 'secret' | 'hang' | 'busy'

/** An issuer over real HTTP whose every endpoint can be in trouble. */
export interface TroubledIssuer extends AsyncDisposable {
  readonly issuer: string
  /** Keys it publishes from now on. */
  published: readonly SigningKey[]
  trouble: Trouble
  /** What it says of tokens that it is asked about. */
  knows: Readonly<Record<string, unknown>> | undefined
  /** Questions so far, by path. */
  asked(path: '/jwks' | '/introspect' | '/userinfo'): number
  /** A token that lives for an hour from now. */
  token(key: SigningKey, claims?: Readonly<Record<string, unknown>>): string
  /** Waits for an answer; where the issuer hangs, time passes until nobody waits any more. */
  settle<T>(answer: T | Promise<T>): Promise<T>
}

/** The only audience of its tokens. */
export const audience = 'https://api.example'

/** Starts one; time is the clock’s. */
export async function startTroubledIssuer(clock: ManualClock): Promise<TroubledIssuer> {
  /** Answers that never come, until who asks gives up. */
  const hung = new Set<ServerResponse>()
  let onHang: (() => void) | undefined
  const hang = (response: ServerResponse): void => {
    hung.add(response)
    response.once('close', () => hung.delete(response))
    onHang?.()
  }
  const server: ScriptedServer = await startScriptedServer(({ path, form, headers }, response) => {
    if (path === '/.well-known/openid-configuration') {
      return reply(response, 200, metadata())
    }
    if (issuer.trouble !== 'none') return befall(issuer.trouble, response, hang)
    if (path === '/jwks') {
      return reply(response, 200, { keys: issuer.published.map(({ jwk }) => jwk) })
    }
    const known = issuer.knows
    if (path === '/introspect') {
      const isActive = known !== undefined && form.get('token') !== 'made-up'
      return reply(response, 200, { active: isActive, ...(isActive ? known : {}) })
    }
    const isKnown = known !== undefined && headers.authorization !== 'Bearer made-up'
    return reply(response, isKnown ? 200 : 401, isKnown ? known : {})
  })
  const metadata = (): object => ({
    issuer: server.url,
    jwks_uri: `${server.url}/jwks`,
    token_endpoint: `${server.url}/token`,
    introspection_endpoint: `${server.url}/introspect`,
    userinfo_endpoint: `${server.url}/userinfo`,
  })
  const issuer: TroubledIssuer = {
    issuer: server.url,
    published: [],
    trouble: 'none',
    knows: undefined,
    asked: (path) => server.requests.filter((request) => request.path === path).length,
    token: (key, claims = {}) => {
      const now = Math.floor(clock.now() / 1_000)
      const times = { iat: now, nbf: now, exp: now + 3_600 }
      return signToken(key, { iss: server.url, aud: audience, sub: 'anna', ...times, ...claims })
    },
    settle: async (answer) => {
      const state = { isDone: false }
      const work = Promise.resolve(answer).finally(() => (state.isDone = true))
      work.catch(() => {})
      while (!state.isDone) {
        const isHanging = new Promise<void>((resolve) => (onHang = resolve))
        if (hung.size === 0) await Promise.race([work.catch(() => {}), isHanging])
        onHang = undefined
        // What needs no answer of the issuer is there by now, though another question may hang.
        for (let turn = 0; turn < 10 && !state.isDone; turn++) {
          await new Promise((resolve) => setImmediate(resolve))
        }
        if (!state.isDone && hung.size > 0) await clock.advance(5_000)
      }
      return work
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
  return issuer
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

const aSecret = { kty: 'oct', kid: 'k1', k: Buffer.alloc(32).toString('base64url') }

function befall(
  trouble: Trouble,
  response: ServerResponse,
  hang: (r: ServerResponse) => void,
): void {
  switch (trouble) {
    case 'reset':
      response.socket?.resetAndDestroy()
      return
    case 'error':
      response.writeHead(503).end('<html>')
      return
    case 'busy':
      response.writeHead(429, { 'retry-after': '20' }).end()
      return
    case 'garbage':
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"keys": [{"kty"')
      return
    case 'empty':
      return reply(response, 200, { keys: [] })
    case 'secret':
      return reply(response, 200, { keys: [aSecret] })
    default:
      hang(response)
  }
}
