import { timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  answerSdkTokenRequest,
  sdkRefusal,
  type SdkAnswer,
  type SdkConnection,
  type SdkForm,
} from '../gateway/index.ts'
import type { RandomBytes } from '../kernel/index.ts'

/** What a private token endpoint is made of. */
export interface SdkListenerOptions {
  readonly random: RandomBytes
  /** The connection for one question; the id names the question. */
  readonly connection: (correlationId: string) => SdkConnection
  readonly newCorrelationId: () => string
  /** Told of faults, which are answered as failures that pass. */
  readonly onFault: (fault: unknown) => void
}

/** A token endpoint for one process and its children. */
export interface SdkListener {
  /** What the process finds it by. Secret: whoever knows it gets tokens. */
  readonly env: Readonly<Record<string, string>>
  close(): Promise<void>
}

const imdsPath = '/metadata/identity/oauth2/token'
const appServicePath = '/msi/token'
/** A question is short and comes at once. */
const deadlineMs = 10_000

/**
 * Listens on loopback, at a port and under a secret of its own, in the forms of App Service and of
 * virtual machines (IMDS). App Service’s form asks for the secret in `X-IDENTITY-HEADER`. IMDS
 * knows no secret but a path, so its address carries one, besides `Metadata: true`; both refuse
 * questions that were forwarded, since a proxy that can be talked into asking is how such tokens
 * are stolen.
 */
export async function openSdkListener(options: SdkListenerOptions): Promise<SdkListener> {
  // MSAL writes the whole address in lower case, so the secret has no other.
  const secret = Buffer.from(options.random(32)).toString('hex')
  const server = createServer(
    { headersTimeout: deadlineMs, requestTimeout: deadlineMs },
    (request, response) => {
      void answer(request, secret, options).then(
        (answered) => send(response, answered),
        (fault: unknown) => {
          options.onFault(fault)
          response.destroy()
        },
      )
    },
  )
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: '127.0.0.1', port: 0 }, resolve)
  })
  const { port } = server.address() as AddressInfo
  const base = `http://127.0.0.1:${port}`
  return {
    env: {
      IDENTITY_ENDPOINT: `${base}${appServicePath}`,
      IDENTITY_HEADER: secret,
      AZURE_POD_IDENTITY_AUTHORITY_HOST: `${base}/${secret}`,
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(
  request: IncomingMessage,
  secret: string,
  options: SdkListenerOptions,
): Promise<SdkAnswer> {
  const correlationId = options.newCorrelationId()
  const refuse = (description: string, status: 400 | 401 = 400): SdkAnswer =>
    sdkRefusal({ error: 'invalid_request', description }, correlationId, status)
  // Such as `//`, which names no host.
  const address = URL.parse(request.url ?? '/', 'http://listener.invalid')
  if (address === null) return refuse('The address cannot be read')
  const { pathname, searchParams } = address
  if (request.method !== 'GET') return refuse('Only GET is answered')
  if (request.headers['x-forwarded-for'] !== undefined) {
    return refuse('Forwarded questions are not answered')
  }
  // MSAL ends the address with a slash.
  const form = formOf(pathname.replace(/\/$/, ''), secret)
  if (form === 'imds' && request.headers['metadata']?.toString().toLowerCase() !== 'true') {
    return refuse('Required metadata header not specified')
  }
  if (form === 'app_service' && !isEqual(request.headers['x-identity-header'], secret)) {
    return refuse('X-IDENTITY-HEADER is missing or not that of IDENTITY_HEADER', 401)
  }
  if (form === undefined) return refuse('There is no token endpoint at this path')
  return answerSdkTokenRequest(form, searchParams, options.connection(correlationId))
}

function formOf(pathname: string, secret: string): SdkForm | undefined {
  if (pathname.toLowerCase() === appServicePath) return 'app_service'
  const first = pathname.slice(1, 1 + secret.length)
  const rest = pathname.slice(1 + secret.length)
  return isEqual(first, secret) && rest.toLowerCase() === imdsPath ? 'imds' : undefined
}

function isEqual(seen: string | readonly string[] | undefined, secret: string): boolean {
  if (typeof seen !== 'string') return false
  const a = Buffer.from(seen)
  const b = Buffer.from(secret)
  return a.length === b.length && timingSafeEqual(a, b)
}

function send(response: ServerResponse, { status, headers, body }: SdkAnswer): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}
