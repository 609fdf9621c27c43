/** What the flows use of oidc-provider, which brings no types. */
declare module 'oidc-provider' {
  import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'

  /** What a person has granted to a client. */
  export interface Grant {
    addOIDCScope(scope: string): void
    addResourceScope(resource: string, scope: string): void
    save(): Promise<string>
  }

  /** The context of one request, as far as the flows look into it. */
  export interface Context {
    readonly oidc: {
      readonly client: { readonly clientId: string }
      readonly session: { readonly accountId: string }
      readonly params?: Readonly<Record<string, unknown>>
    }
  }

  export class Provider {
    constructor(
      issuer: string,
      configuration: {
        readonly clients: readonly Readonly<Record<string, unknown>>[]
        readonly scopes?: readonly string[]
        readonly claims?: Readonly<Record<string, readonly string[]>>
        readonly conformIdTokenClaims?: boolean
        readonly features?: Readonly<Record<string, unknown>>
        readonly findAccount?: (
          context: Context,
          id: string,
        ) => {
          readonly accountId: string
          readonly claims: () => Readonly<Record<string, unknown>>
        }
        readonly interactions?: {
          readonly url: (context: Context, interaction: { readonly uid: string }) => string
        }
        readonly loadExistingGrant?: (context: Context) => Promise<Grant>
        readonly rotateRefreshToken?: boolean
        readonly issueRefreshToken?: () => boolean
        readonly ttl?: Readonly<
          Record<
            string,
            (
              context: unknown,
              token: { readonly resourceServer?: { readonly accessTokenTTL?: number } },
            ) => number
          >
        >
      },
    )
    readonly Grant: new (properties: {
      readonly clientId: string
      readonly accountId: string
    }) => Grant
    callback(): RequestListener
    on(event: 'grant.success' | 'grant.revoked', listener: (context: Context) => void): this
    interactionFinished(
      request: IncomingMessage,
      response: ServerResponse,
      result: {
        readonly login: { readonly accountId: string }
        readonly consent: object
      },
    ): Promise<void>
  }
}
