import { createHash } from 'node:crypto'
import {
  createFacade,
  type Facade,
  type FacadeAnswer,
  type FacadeClientDraft,
  type FacadeEvent,
  type FacadeStore,
} from '../../src/gateway/index.ts'
import { systemRandom } from '../../src/kernel/index.ts'
import { createEngineFixture, type EngineFixture } from './engine-fixture.ts'
import { createMemoryFacadeStore } from './memory-facade-store.ts'

export const callback = 'https://contoso.my.salesforce.com/services/authcallback/Evergrant'
export const verifier = 'a-verifier-of-at-least-forty-three-characters-0'
export const challenge = createHash('sha256').update(verifier).digest('base64url')

/** A façade over an engine of fakes, its requests written as clients send them. */
export interface FacadeFixture {
  readonly facade: Facade
  readonly store: FacadeStore
  readonly engine: EngineFixture
  readonly clock: EngineFixture['clock']
  readonly events: FacadeEvent[]
  /** How each request ended, by its trace. */
  readonly traces: { endpoint: string; outcome: string; code?: string; steps: string[] }[]
  register(
    draft?: Partial<FacadeClientDraft>,
  ): Promise<{ readonly id: string; readonly secret: string }>
  /** Where the browser is sent for these parameters of the authorization request. */
  authorize(parameters: Readonly<Record<string, string>>, connection?: string): Promise<URL>
  post(
    endpoint: 'token' | 'revoke',
    parameters: Readonly<Record<string, string>>,
    options?: { readonly authorization?: string; readonly connection?: string },
  ): Promise<FacadeAnswer>
  /** Authorizes and redeems; what the token endpoint answered. */
  connect(client: { readonly id: string; readonly secret: string }): Promise<TokenBody>
  refresh(
    client: { readonly id: string; readonly secret: string },
    refreshToken: string,
  ): Promise<FacadeAnswer>
}

/** A token answer. */
export interface TokenBody {
  readonly access_token: string
  readonly token_type: string
  readonly expires_in: number
  readonly refresh_token: string
  readonly scope: string
}

/** Makes the fixture of one test; its connection is `contoso-graph`. */
export function createFacadeFixture(): FacadeFixture {
  const engine = createEngineFixture()
  const grants = engine.engine()
  const store = createMemoryFacadeStore()
  const events: FacadeEvent[] = []
  const traces: FacadeFixture['traces'] = []
  const facade = createFacade({
    store,
    clock: engine.clock,
    random: systemRandom,
    emit: (event) => events.push(event),
    connection: (address, options) => grants.connection(address, options),
    publicUrl: () => 'https://evergrant.example',
    limits: {},
    beginTrace: ({ endpoint }) => {
      const steps: string[] = []
      return {
        id: `trc_${traces.length}`,
        step: (name, detail) => steps.push(`${name} ${JSON.stringify(detail)}`),
        end: ({ outcome, code }) =>
          traces.push({ endpoint, outcome, steps, ...(code === undefined ? {} : { code }) }),
      }
    },
  })
  const base = { connection: 'contoso-graph', requestId: 'req_1' }

  const fixture: FacadeFixture = {
    facade,
    store,
    engine,
    clock: engine.clock,
    events,
    traces,
    register: async (draft = {}) => {
      const { client, secret } = await facade.desk.add({
        name: 'salesforce',
        connection: 'contoso-graph',
        redirectUris: [callback],
        ...draft,
      })
      return { id: client.id, secret: secret?.reveal() ?? '' }
    },
    authorize: async (parameters, connection = 'contoso-graph') => {
      const query = new URLSearchParams({ response_type: 'code', ...parameters }).toString()
      const request = { ...base, connection, method: 'GET', query }
      const outcome = await facade.authorize(request)
      if (outcome.kind === 'page') throw outcome.error
      return new URL(outcome.location)
    },
    post: async (endpoint, parameters, { authorization, connection = 'contoso-graph' } = {}) =>
      await facade[endpoint]({
        ...base,
        connection,
        method: 'POST',
        body: new URLSearchParams(parameters).toString(),
        ...(authorization === undefined ? {} : { authorization }),
      }),
    connect: async (client) => {
      const back = await fixture.authorize({ client_id: client.id, redirect_uri: callback })
      const answer = await fixture.post('token', {
        grant_type: 'authorization_code',
        code: back.searchParams.get('code') ?? '',
        redirect_uri: callback,
        client_id: client.id,
        client_secret: client.secret,
      })
      return bodyOf(answer)
    },
    refresh: async (client, refreshToken) =>
      await fixture.post('token', {
        grant_type: 'refresh_token',
        refresh_token: refreshToken,
        client_id: client.id,
        ...(client.secret === '' ? {} : { client_secret: client.secret }),
      }),
  }
  return fixture
}

/** The body of a success; throws a refusal. */
export function bodyOf({ status, body }: FacadeAnswer): TokenBody {
  if (status === 200) return body as TokenBody
  throw new Error(`expected a success, but saw ${status} ${JSON.stringify(body)}`)
}

/** Status and OAuth error of a refusal, such as `400 invalid_grant`. */
export function refusalOf({ status, body }: FacadeAnswer): string {
  return `${status} ${(body as { readonly error?: string } | undefined)?.error ?? 'success'}`
}
