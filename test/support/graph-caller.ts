import type { Simulator } from '../../src/simulator/index.ts'

type Row = Readonly<Record<string, unknown>>

/** An answer of the simulated Graph, its JSON read. */
export interface GraphReply {
  readonly status: number
  readonly headers: Headers
  /** Empty where the answer was no JSON. */
  readonly body: {
    readonly value: readonly Row[]
    readonly error?: { readonly code: string; readonly message: string }
    readonly [name: string]: unknown
  }
  readonly text: string
}

/** Options of one call. */
interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>
  /** Sent by POST, as JSON. */
  readonly body?: unknown
  /** Default: a new token. */
  readonly bearer?: string
}

/** The header of advanced queries. */
export const eventual = { ConsistencyLevel: 'eventual' } as const

/** Gets a token of the first application of a tenant, with the permissions it has now. */
export async function bearerOf(simulator: Simulator, tenant = simulator.tenant): Promise<string> {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: simulator.client.id,
    client_secret: simulator.client.secret,
    scope: 'https://graph.microsoft.com/.default',
  })
  const url = `${simulator.urls.authority}/${tenant}/oauth2/v2.0/token`
  const answer = (await (await fetch(url, { method: 'POST', body })).json()) as Row
  return String(answer['access_token'])
}

/** Calls Graph below `/v1.0`, or a link as it is. */
export async function callGraph(
  simulator: Simulator,
  path: string,
  { headers = {}, body, bearer }: CallOptions = {},
  tenant = simulator.tenant,
): Promise<GraphReply> {
  const url = path.startsWith('http') ? path : `${simulator.urls.graph}/v1.0${path}`
  const authorization = `Bearer ${bearer ?? (await bearerOf(simulator, tenant))}`
  const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
  const response = await fetch(url, { ...sent, headers: { authorization, ...headers } })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true
  const read = (isJson ? JSON.parse(text) : {}) as GraphReply['body']
  return { status: response.status, headers: response.headers, text, body: read }
}

/** Reads a collection to its end; returns every row and what the last page said. */
export async function walkGraph(
  simulator: Simulator,
  path: string,
  options: CallOptions = {},
): Promise<{ readonly rows: Row[]; readonly pages: number; readonly last: GraphReply['body'] }> {
  const rows: Row[] = []
  let pages = 0
  let next: string | undefined = path
  let last: GraphReply['body'] = { value: [] }
  const bearer = await bearerOf(simulator)
  while (next !== undefined) {
    const reply: GraphReply = await callGraph(simulator, next, { bearer, ...options })
    if (reply.status !== 200) throw new Error(`${next} was answered ${reply.status} ${reply.text}`)
    last = reply.body
    rows.push(...last.value)
    next = last['@odata.nextLink'] as string | undefined
    pages++
  }
  return { rows, pages, last }
}
