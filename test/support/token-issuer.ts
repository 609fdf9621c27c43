import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { makeSigningKey, signToken, type SigningKey } from './token-maker.ts'

/** An issuer of a test: metadata and keys over HTTP, tokens with whatever claims. */
export interface TokenIssuer {
  readonly issuer: string
  /** How often its keys were asked for. */
  readonly asked: { keys: number; tokens: number }
  /** In place of its keys from now on; undefined: its keys again. */
  breakKeys(answer: ((response: ServerResponse) => void) | undefined): void
  /** Signs with another key from now on; the old one is gone. */
  rotate(): void
  /** A token for `audience`, for an hour, with these claims over the usual ones. */
  token(claims?: Readonly<Record<string, unknown>>): string
  /** Answers to codes at the token endpoint, by code; each works once. */
  readonly codes: Map<string, Readonly<Record<string, unknown>>>
  /** Forms that were sent to the token endpoint. */
  readonly forms: URLSearchParams[]
  close(): Promise<void>
}

export const audience = 'api://evergrant'

/** Starts an issuer on loopback. */
export async function startTokenIssuer(): Promise<TokenIssuer> {
  let key: SigningKey = makeSigningKey('key-1', 'ec')
  let generation = 1
  let brokenKeys: ((response: ServerResponse) => void) | undefined
  const asked = { keys: 0, tokens: 0 }
  const codes = new Map<string, Readonly<Record<string, unknown>>>()
  const forms: URLSearchParams[] = []
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const json = (response: ServerResponse, body: unknown, status = 200): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === '/.well-known/openid-configuration') {
      return json(response, {
        issuer,
        jwks_uri: `${issuer}/keys`,
        token_endpoint: `${issuer}/token`,
        authorization_endpoint: `${issuer}/auth`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['ES256'],
        token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
      })
    }
    if (request.url === '/keys') {
      asked.keys++
      if (brokenKeys !== undefined) return brokenKeys(response)
      return json(response, { keys: [{ ...key.jwk, alg: 'ES256' }] })
    }
    if (request.url !== '/token') return json(response, {}, 404)
    asked.tokens++
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const form = new URLSearchParams(Buffer.concat(parts).toString())
    forms.push(form)
    const code = form.get('code') ?? ''
    const found = codes.get(code)
    codes.delete(code)
    return found === undefined
      ? json(response, { error: 'invalid_grant', error_description: 'no such code' }, 400)
      : json(response, found)
  }

  return {
    issuer,
    asked,
    codes,
    forms,
    breakKeys: (broken) => {
      brokenKeys = broken
    },
    rotate: () => {
      key = makeSigningKey(`key-${++generation}`, 'ec')
    },
    token: (claims = {}) => {
      const now = Math.floor(Date.now() / 1_000)
      return signToken(
        key,
        { iss: issuer, aud: audience, sub: 'anna', iat: now, exp: now + 3_600, ...claims },
        { typ: 'at+jwt' },
      )
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
