import type { Application } from './realms.ts'

/** How a client proved itself. */
export type ClientMethod =
  'secret_post' | 'secret_basic' | 'certificate' | 'federated' | 'private_key_jwt' | 'none'

/** A client that proved itself. */
export interface AuthenticatedClient {
  readonly application: Application
  readonly method: ClientMethod
}
