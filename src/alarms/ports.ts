/** What an alarm is about; never renamed. */
export type AlarmKind =
  | 'grant_lapsed'
  | 'grant_refresh_unknown'
  | 'grant_idle'
  | 'heartbeat_missed'
  | 'credential_expiring'
  | 'import_failed'
  | 'import_missed'
  | 'import_link'
  | 'issuer_keys'

/** `critical`: something has stopped or is about to; `warning`: it will. */
export type AlarmSeverity = 'warning' | 'critical'

/** Something a person must know while it holds. Holds no secret; instants are epoch ms. */
export interface Condition {
  /** What, and of whom: the same for as long as it is the same trouble. */
  readonly key: string
  readonly kind: AlarmKind
  /** The connection, import or issuer it is about, as callers write it. */
  readonly subject: string
  readonly severity: AlarmSeverity
  readonly title: string
  readonly detail: string
  readonly remedy: string
  readonly since: number
  /** Days of the threshold that was passed, 0 when the time is over; 0 where there are none. */
  readonly step: number
}

/** An alarm as stored. */
export interface AlarmRecord extends Condition {
  readonly id: string
  readonly raisedAt: number
  /** When it was raised, or passed its last threshold. */
  readonly changedAt: number
  /** When it was over. */
  readonly recoveredAt?: number
}

/** An alarm with what became of its messages. */
export interface ListedAlarm extends AlarmRecord {
  readonly deliveries: {
    readonly waiting: number
    readonly delivered: number
    readonly dead: number
  }
}

/** A message to one receiver, to be sent. */
export interface NewDelivery {
  readonly id: string
  /** Key of the receiver. */
  readonly target: string
  /** The message, as JSON. */
  readonly body: string
}

/** A message that this process may send now. */
export interface ClaimedDelivery extends NewDelivery {
  readonly alarmId: string
  readonly createdAt: number
  /** How often sending it has failed. */
  readonly attempts: number
}

/** What became of a message. */
export type DeliveryOutcome =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'retry'; readonly at: number; readonly detail: string }
  | { readonly kind: 'dead'; readonly detail: string }

/** A grant that may be a reason for an alarm. */
export interface TroubledGrant {
  readonly connection: string
  readonly tenant: string
  readonly state: 'pending' | 'active' | 'lapsed' | 'revoked' | 'orphaned'
  readonly stateChangedAt: number
  readonly failure?: { readonly code: string; readonly detail: string; readonly remedy: string }
  /** When its refresh token was last redeemed. */
  readonly refreshUsedAt?: number
  readonly unknownSince?: number
  readonly keepAliveAt?: number
}

/**
 * Where alarms and their messages live. Every method is one atomic step, safe to call from many
 * processes at once. `store_unavailable`, `store_busy` and `store_full` are thrown.
 */
export interface AlarmStore {
  /** A page, the newest first. */
  listAlarms(query: {
    readonly limit: number
    readonly isOpen?: boolean
    /** Only those older than the one of this id. */
    readonly after?: string
  }): Promise<readonly ListedAlarm[]>
  /** Raises an alarm with its messages; false when one of that key is open already. */
  raiseAlarm(alarm: AlarmRecord, deliveries: readonly NewDelivery[]): Promise<boolean>
  /** Takes over what changed by compare-and-swap on the step of an open alarm, with messages. */
  changeAlarm(
    alarm: AlarmRecord,
    expectedStep: number,
    deliveries: readonly NewDelivery[],
    now: number,
  ): Promise<boolean>
  /** Ends an open alarm, with messages; false when it is over already. */
  recoverAlarm(id: string, deliveries: readonly NewDelivery[], now: number): Promise<boolean>
  /**
   * Takes up to `limit` messages for these receivers whose time has come, the oldest first; others
   * leave them alone until `now + leaseMs`. A message waits for those before it of the same alarm
   * and receiver.
   */
  claimDeliveries(claim: {
    readonly attemptId: string
    readonly targets: readonly string[]
    readonly limit: number
    readonly leaseMs: number
    readonly now: number
  }): Promise<readonly ClaimedDelivery[]>
  /** Records what became of a message; false when another process has taken it meanwhile. */
  settleDelivery(
    id: string,
    attemptId: string,
    outcome: DeliveryOutcome,
    now: number,
  ): Promise<boolean>
  /** Gives up up to `limit` messages made before `before` that nobody is sending; how many. */
  buryDeliveries(before: number, limit: number, now: number): Promise<number>
  /** Deletes up to `limit` alarms that were over before `before`, with their messages; how many. */
  sweepAlarms(before: number, limit: number): Promise<number>
  /**
   * Current grants, up to `limit` of each sort: lapsed; with a refresh token that may have been
   * spent; with a keep-alive due before `dueBefore`; with a refresh token last used before
   * `usedBefore`. One may come several times.
   */
  troubledGrants(query: {
    readonly dueBefore: number
    readonly usedBefore: number
    readonly limit: number
  }): Promise<readonly TroubledGrant[]>
}
