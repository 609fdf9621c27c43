import type { ConnectionDefinition } from '../grants/index.ts'
import { EvergrantError, type AccessToken } from '../kernel/index.ts'
import type { TokenTarget } from '../oauth/index.ts'

/** A token with what the forms say of it. */
export interface WrittenToken {
  readonly token: AccessToken
  readonly target: TokenTarget
  readonly definition: ConnectionDefinition
  readonly now: number
}

const forms = {
  token: ({ token }: WrittenToken) => token.secret.reveal(),
  json: ({ token, target, now }: WrittenToken) =>
    JSON.stringify({
      access_token: token.secret.reveal(),
      token_type: token.tokenType,
      expires_in: Math.max(0, Math.floor((token.expiresAt - now) / 1_000)),
      expires_at: new Date(token.expiresAt).toISOString(),
      ...target,
    }),
  'azure-cli': ({ token, definition }: WrittenToken) => {
    const { tenant } = definition.provider
    return JSON.stringify({
      accessToken: token.secret.reveal(),
      expiresOn: localTime(token.expiresAt),
      expires_on: Math.floor(token.expiresAt / 1_000),
      // Nothing of Azure's subscriptions is known here; az says the tenant where there is none.
      subscription: tenant,
      tenant,
      tokenType: token.tokenType,
    })
  },
  kubernetes: ({ token }: WrittenToken) =>
    JSON.stringify({
      kind: 'ExecCredential',
      apiVersion: 'client.authentication.k8s.io/v1',
      spec: { interactive: false },
      status: {
        token: token.secret.reveal(),
        // RFC 3339 to the second, never later than the token's end.
        expirationTimestamp: `${new Date(token.expiresAt).toISOString().slice(0, 19)}Z`,
      },
    }),
} as const

/** How a token is printed. */
export type TokenForm = keyof typeof forms

/** The form that is asked for. @throws EvergrantError `usage` */
export function tokenFormOf(options: {
  readonly output?: string
  readonly json?: boolean
}): TokenForm {
  const form = options.output ?? (options.json === true ? 'json' : 'token')
  if (Object.hasOwn(forms, form)) return form as TokenForm
  const known = Object.keys(forms).map((name) => `"${name}"`)
  throw new EvergrantError(
    'usage',
    `--output: expected ${known.join(', ')}, but saw ${JSON.stringify(form)}`,
  )
}

/** Writes a token and a line break. The result is secret. */
export function write(form: TokenForm, written: WrittenToken): string {
  return `${forms[form](written)}\n`
}

/** As the Azure CLI writes it: the host's own time, without a zone, to the microsecond. */
function localTime(at: number): string {
  const date = new Date(at)
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-')
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')
  return `${day} ${time}.${String(date.getMilliseconds()).padStart(3, '0')}000`
}
