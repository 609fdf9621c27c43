import type { ConnectionHandle } from '../grants/index.ts'
import type { TokenSource } from '../imports/index.ts'

/** Lets imports take their tokens from a connection of the engine. */
export function importTokensFrom(connection: ConnectionHandle): TokenSource {
  return {
    getToken: (options) => connection.getToken(options),
    reportRefusal: async (refusal, options) => {
      const rejection = await connection.reportRejection(refusal, options)
      switch (rejection.kind) {
        case 'newer_token_exists':
        case 'renewed':
        case 'renewed_with_claims':
          return { kind: rejection.kind, token: rejection.token }
        case 'not_about_token':
          return { kind: 'not_about_token', detail: rejection.detail }
        case 'renewal_failed':
          return { kind: 'renewal_failed', error: rejection.error }
      }
    },
  }
}
