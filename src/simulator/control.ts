import { EvergrantError } from '../kernel/index.ts'
import {
  createGrantControl,
  realmsOf,
  type Addressee,
  type GrantControl,
} from './control-grants.ts'
import { createGroupControl, type GroupControl } from './control-groups.ts'
import { createPeopleControl, type PeopleControl } from './control-people.ts'
import type { Fault, FaultHandle } from './faults.ts'
import type { Range, SimulatorOptions } from './options.ts'
import { countedEntry, createJournal } from './journal.ts'
import { createOverlay, restoreOverlay } from './person-change.ts'
import { resetSearchLag } from './search-lag.ts'
import { createCounters, type SimulatorStats } from './stats.ts'
import { maximumDevices, requireCount, requireTenant, type Tenant } from './tenants.ts'
import type { Revocation } from './token-ledger.ts'
import { settingsOf, type OutageStyle, type World } from './world.ts'

/** Drives a running simulator: its clock, its tokens, its accidents. Every change works at once. */
export interface SimulatorControl extends GrantControl, GroupControl, PeopleControl {
  /** Moves the simulator's own clock; the machine's is not touched. */
  advanceClock(milliseconds: number): void
  /** Makes every API refuse every access token issued before now. */
  revokeTokens(revocation?: Revocation): void
  /** Makes every token issued before now count as expired. */
  expireTokens(): void
  /** Makes every `$skiptoken` handed out before now count as expired. */
  expirePageTokens(): void
  addFault(fault: Fault): FaultHandle
  clearFaults(): void
  /**
   * Begins an outage of so many milliseconds of the simulator's clock, or until `false`. Every
   * answer is 503 (`unavailable`), or every connection is reset (`refused`).
   */
  outage(length: number | boolean, style?: OutageStyle): void
  setLatency(milliseconds: Range): void
  /** Whole seconds, for tokens issued from now on. */
  setTokenLifetime(seconds: Range): void
  /** Seconds; `null`: page tokens do not expire. */
  setPageTokenLifetime(seconds: number | null): void
  /** Grows or shrinks a tenant's number of devices, at its end. */
  setDeviceCount(devices: number, addressee?: Addressee): void
  /** Whether Partner Center refuses users' tokens without a second factor (900421). Default: yes. */
  setPartnerMfa(isEnforced: boolean): void
  /** Whether the relationship with a customer lets nobody consent to applications (403). */
  setConsentRefused(isRefused: boolean, addressee: Addressee): void
  stats(): SimulatorStats
  /**
   * Back to how it began: clock, settings, tenants, counters; no faults, no outage, no revocation,
   * and no refresh token or code of before. Tokens still alive by the clock are accepted again.
   */
  reset(): void
}

/** Makes the control of a world. Methods throw `config_invalid` for what cannot be. */
export function createControl(world: World, options: SimulatorOptions): SimulatorControl {
  const beginnings = world.tenants.map((tenant) => ({
    tenant,
    userCount: tenant.userCount,
    groupCount: tenant.groupCount,
    overlay: createOverlay(tenant.population.overlay),
    deviceCount: tenant.deviceCount,
    lagMs: tenant.lag.lagMs,
    deltas: tenant.journal.settings,
  }))
  const grantBeginnings = realmsOf(world).map(({ accounts, applications, policy }) => ({
    accounts,
    policy,
    policyBefore: { ...policy },
    applications: [...applications.values()].map((application) => ({
      application,
      before: { ...application },
    })),
  }))
  const tenantOf = (addressee?: Addressee): Tenant =>
    requireTenant(world.tenants, addressee?.tenant)
  const changePages = (): void => world.pages.clear()
  return {
    ...createGrantControl(world),
    ...createGroupControl(world),
    ...createPeopleControl(world),
    advanceClock: (milliseconds) => {
      world.clockOffsetMs += requireNumber(milliseconds, 'milliseconds')
    },
    revokeTokens: (revocation = {}) => world.ledger.revoke(revocation, world.now()),
    expireTokens: () => world.ledger.expire(),
    expirePageTokens: () => {
      world.pageEpoch++
      changePages()
    },
    addFault: (fault) => world.faults.add(fault),
    clearFaults: () => world.faults.clear(),
    outage: (length, style = 'unavailable') => {
      if (length === false) world.outage = undefined
      else {
        const until = length === true ? Infinity : world.now() + requireNumber(length, 'length')
        world.outage = { until, style }
      }
    },
    setLatency: (milliseconds) => {
      world.settings.latencyMs = milliseconds
    },
    setTokenLifetime: (seconds) => {
      world.settings.tokenLifetimeSeconds = seconds
    },
    setPageTokenLifetime: (seconds) => {
      world.settings.pageTokenLifetimeSeconds = seconds ?? Infinity
      changePages()
    },
    setDeviceCount: (devices, addressee) => {
      const tenant = tenantOf(addressee)
      const { deviceCount: before } = tenant
      tenant.deviceCount = requireCount(devices, maximumDevices, 'devices')
      tenant.journal.entries.push(countedEntry('devices', before, devices, world.now()))
      changePages()
    },
    setPartnerMfa: (isEnforced) => {
      world.settings.isPartnerMfaEnforced = isEnforced
    },
    setConsentRefused: (isRefused, addressee) => {
      tenantOf(addressee).isConsentRefused = isRefused
    },
    stats: () => statsOf(world),
    reset: () => {
      world.clockOffsetMs = 0
      world.outage = undefined
      world.pageEpoch = 0
      world.faults.reset()
      world.ledger.reset()
      world.throttle.reset()
      Object.assign(world.settings, settingsOf(options))
      Object.assign(world.counters, createCounters())
      for (const {
        tenant,
        userCount,
        groupCount,
        deviceCount,
        overlay,
        lagMs,
        deltas,
      } of beginnings) {
        restoreOverlay(tenant.population.overlay, overlay)
        tenant.userCount = userCount
        tenant.groupCount = groupCount
        tenant.deviceCount = deviceCount
        tenant.deletedUsers.clear()
        tenant.deletedGroups.clear()
        tenant.memberChanges.clear()
        tenant.groups.changes?.clear()
        tenant.applicationConsents.clear()
        tenant.isConsentRefused = false
        tenant.index.clear()
        Object.assign(tenant.journal, createJournal(deltas))
        resetSearchLag(tenant.lag, tenant, lagMs)
      }
      for (const { accounts, applications, policy, policyBefore } of grantBeginnings) {
        accounts.reset()
        Object.assign(policy, policyBefore)
        for (const { application, before } of applications) Object.assign(application, before)
      }
      world.sessions.reset()
      world.codes.reset()
      world.signIns.reset()
      world.usedAssertions.clear()
      world.tokenLog.reset()
      changePages()
    },
  }
}

function statsOf(world: World): SimulatorStats {
  const { rejectedTokens, ...counters } = world.counters
  return {
    ...counters,
    requestsByKind: { ...counters.requestsByKind },
    requestsByStatus: { ...counters.requestsByStatus },
    tokenRequestsByGrant: { ...counters.tokenRequestsByGrant },
    tokensRejected: rejectedTokens.size,
    tokensDied: world.ledger.dead(world.now()),
    faults: world.faults.states(),
    now: world.now(),
    clockOffsetMs: world.clockOffsetMs,
  }
}

function requireNumber(value: number, field: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw new EvergrantError(
    'config_invalid',
    `simulator: "${field}" must be a number, but is ${JSON.stringify(value)}`,
  )
}
