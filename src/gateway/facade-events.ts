import type { ErrorCode, EvergrantEvent } from '../kernel/index.ts'

interface FacadeEventBase extends EvergrantEvent {
  readonly connection: string
  readonly clientId: string
  readonly clientName: string
  readonly traceId: string
}

/** What happens at the façade. */
export type FacadeEvent =
  | (FacadeEventBase & { readonly type: 'facade.authorized' })
  | (FacadeEventBase & {
      readonly type: 'facade.token_issued'
      readonly grantType: 'authorization_code' | 'refresh_token'
      readonly tokens: 'gateway' | 'upstream'
    })
  | (FacadeEventBase & {
      readonly type: 'facade.refused'
      readonly endpoint: string
      readonly code: ErrorCode
      readonly detail: string
    })
  | (FacadeEventBase & { readonly type: 'facade.code_replayed'; readonly familyId: string })
  | (FacadeEventBase & { readonly type: 'facade.token_reused'; readonly familyId: string })
  | (FacadeEventBase & { readonly type: 'facade.token_revoked'; readonly familyId: string })
  | (FacadeEventBase & {
      readonly type: 'facade.rejection_reported'
      readonly outcome: string
    })

/** What each event means, in one sentence; the source of the reference page. */
export const facadeEventTypes: Readonly<Record<FacadeEvent['type'], string>> = {
  'facade.authorized': 'A client was sent back with a code.',
  'facade.token_issued': 'A client was handed tokens, for a code or for a refresh token.',
  'facade.refused': 'A request at the façade was refused; code and detail tell why.',
  'facade.code_replayed':
    'A code was used a second time; everything that its first use gave was revoked.',
  'facade.token_reused':
    'A refresh token that had been rotated away was used after its grace; everything of its authorization was revoked.',
  'facade.token_revoked':
    'A client gave a token back; everything of its authorization was revoked.',
  'facade.rejection_reported':
    'A client that holds the provider’s own token asked for another while that one lived: it counts as refused.',
}
