import type { Clock, RandomBytes } from '../kernel/index.ts'
import type { MemberType } from './group.ts'
import type { ThrottleOptions } from './throttle.ts'

/** A client secret of a simulated application. */
export interface SimulatedSecret {
  readonly value: string
  /** When it expires (epoch ms of the simulator's clock); never, by default. */
  readonly expiresAt?: number
}

/** An application registered, and consented to, in a simulated tenant. */
export interface SimulatedApplication {
  /** Client id, a GUID. */
  readonly id: string
  readonly secrets: readonly SimulatedSecret[]
  /**
   * Application permissions (`roles`) its next tokens carry. Default: `User.Read.All`,
   * `Group.Read.All`, `GroupMember.Read.All`.
   */
  readonly permissions?: readonly string[]
}

/** The groups of a simulated tenant. */
export interface SimulatedGroups {
  /** How many, 0 to 10,000,000. Default 100; they cost no memory. */
  readonly count?: number
  /** Members of the first group. Default 5,000, or as many as there are users. */
  readonly giantSize?: number
  /** Kinds of members. Default: all four. Users are always by far the most. */
  readonly memberTypes?: readonly MemberType[]
}

/** A simulated tenant. */
export interface SimulatedTenant {
  /** Tenant id, a GUID. */
  readonly id: string
  /** Verified domain: addresses the tenant as well as its id does, and ends its users' names. */
  readonly domain?: string
  /** How many users it has, 0 to 100,000,000. Default 400,000; they cost no memory. */
  readonly users?: number
  readonly groups?: SimulatedGroups
  readonly applications?: readonly SimulatedApplication[]
  /** Makes its people: the same seed gives the same people. Default 1. */
  readonly seed?: number
}

/** A number, or a range out of which each draw takes one. */
export type Range = number | readonly [minimum: number, maximum: number]

/** What `startSimulator` can be told; everything has a default. */
export interface SimulatorOptions {
  /** Default: one tenant with one application, see `defaultTenant`. */
  readonly tenants?: readonly SimulatedTenant[]
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string
  /** Default: http on a free port. */
  readonly http?: { readonly port?: number }
  /** Also speak https, with a certificate made at start. Default: no. */
  readonly https?: boolean | { readonly port?: number }
  /** Life of new tokens in whole seconds. Default 3,599, as Entra's samples show. */
  readonly tokenLifetimeSeconds?: Range
  /** Life of a `$skiptoken` in seconds. Default: it does not expire. */
  readonly pageTokenLifetimeSeconds?: number
  /** How long every answer takes at least, in milliseconds. Default 0. */
  readonly latencyMs?: Range
  /** Resource units, as Graph charges them. Default: no throttling. */
  readonly throttle?: ThrottleOptions
  /** Largest `$top` when `signInActivity` is selected. Default 500; it has been 120. */
  readonly signInActivityPageCap?: number
  /** Compress for clients that accept gzip. Default true. */
  readonly gzip?: boolean
  /** Keep encoded pages in memory (up to 512 MiB) and answer from there. Default false. */
  readonly cachePages?: boolean
  /** The clock beneath the simulator's own movable one. Default: the host's. */
  readonly clock?: Clock
  readonly random?: RandomBytes
}

/** The tenant and application of a simulator that was told of none. */
export const defaultTenant = {
  id: '11111111-2222-4333-8444-555555555555',
  domain: 'contoso.example',
  clientId: '2f0c0000-1111-4222-8333-444444444444',
  clientSecret: 'simulated~not.a.real.secret',
} as const
