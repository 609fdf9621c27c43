/** Who can make something go away: one of ours, or an administrator of a tenant of Microsoft’s. */
export const remedyActors = [
  'caller',
  'operator',
  'subject',
  'evergrant',
  'tenant_administrator',
  'customer_administrator',
] as const

/** One of `remedyActors`. `subject` is the person who signs in. */
export type RemedyActor = (typeof remedyActors)[number]

/** Who that is, in words that go on a sentence; pages with a language of their own have their own. */
export const remedyActorNames: Readonly<Record<RemedyActor, string>> = {
  caller: 'the caller',
  operator: 'the operator of Evergrant',
  subject: 'the person who signs in',
  evergrant: 'nobody: Evergrant itself',
  tenant_administrator: 'an administrator of the tenant',
  customer_administrator: 'an administrator of the customer’s tenant',
}

/** What is to be done about an error, beside its `remedy`. */
export interface Guidance {
  /** What a number of another side means, plainly; null where the title says it all. */
  readonly meaning: string | null
  /** In this order; at least one. */
  readonly steps: readonly string[]
  /** Where the other side says more. */
  readonly link: string | null
  readonly actor: RemedyActor
}

/** What Evergrant knows of some numbers of another side, all of the same meaning. */
export interface NumberedRemedy {
  readonly codes: readonly number[]
  /** In a few words. */
  readonly title: string
  /** What happened, plainly: for a sign-in, whose it was and which tenant’s policy refused it. */
  readonly meaning: string
  readonly actor: RemedyActor
  /** What to do about it, in a sentence or two. */
  readonly remedy: string
  readonly steps: readonly string[]
  readonly link?: string
  /** What differs where the tenant of a partner’s customer answered so (`NAME@CUSTOMER`). */
  readonly atCustomer?: { readonly actor: RemedyActor; readonly steps: readonly string[] }
  /**
   * Whether asking again can help: `never` until something changes on our side, `probe` slowly
   * because an administrator may mend it without telling us, `after_change` only right after a new
   * credential was put in place (replication), `backoff` soon, `throttle` after a minute.
   */
  readonly retry: 'never' | 'probe' | 'after_change' | 'backoff' | 'throttle'
}
