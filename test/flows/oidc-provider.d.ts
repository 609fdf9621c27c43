/** What the flows use of oidc-provider, which brings no types. */
declare module 'oidc-provider' {
  import type { RequestListener } from 'node:http'

  export class Provider {
    constructor(
      issuer: string,
      configuration: {
        readonly clients: readonly Readonly<Record<string, unknown>>[]
        readonly scopes?: readonly string[]
        readonly features?: Readonly<Record<string, unknown>>
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
    callback(): RequestListener
  }
}
