import type { Clock, ProcessIdentity, ProcessOwner, RandomBytes } from '../kernel/index.ts'
import type { Bell } from './bell.ts'
import type { CredentialPool } from './credential-pool.ts'
import type { NameVersion } from './credentials.ts'
import type { Crowd } from './crowd.ts'
import type { GrantEvent } from './events.ts'
import type { Outbox } from './outbox.ts'
import type { Pauses } from './pauses.ts'
import type { GrantStore } from './ports.ts'
import type { StoreAccess } from './store-access.ts'
import type { Turns } from './turns.ts'

/** What everything in one engine shares. */
export interface EngineContext {
  readonly store: GrantStore
  readonly access: StoreAccess
  readonly outbox: Outbox
  readonly bell: Bell
  /** One redemption of a `strict` grant at a time, also within the process. */
  readonly turns: Turns
  /** So many exchanges at one provider at once. */
  readonly crowd: Crowd
  readonly clock: Clock
  readonly fetch: typeof fetch
  readonly random: RandomBytes
  readonly emit: (event: GrantEvent) => void
  readonly identity: ProcessIdentity
  /** This engine, as it signs flights. */
  readonly owner: ProcessOwner
  readonly pauses: Pauses
  readonly nameVersion: NameVersion
  readonly credentials: CredentialPool
}
