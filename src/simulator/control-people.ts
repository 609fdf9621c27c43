import type { Addressee } from './control-grants.ts'
import { countedEntry, requireReset, type DeltaReset, type DeltaSettings } from './journal.ts'
import type { JournalEntry } from './journal.ts'
import { drawPerson, idOf } from './person.ts'
import { announceToSearch, setSearchLag } from './search-lag.ts'
import {
  requireDeltas,
  requireLag,
  requireTenant,
  requireUserCount,
  type Tenant,
} from './tenants.ts'
import { alterationOf, applyUserChange, creationOf, removalOf } from './user-changes.ts'
import type { UserChange, UserWish } from './user-changes.ts'
import type { World } from './world.ts'

/** The part of the control that is about who is in a directory. */
export interface PeopleControl {
  /** Grows or shrinks a tenant, at its end. */
  setUserCount(users: number, addressee?: Addressee): void
  /**
   * Creates a user, who stands at the end of lists, and returns the object id. What is not given is
   * null, as at Graph; `displayName` is the name before the @.
   */
  createUser(user: UserWish, addressee?: Addressee): string
  /** Gives a user (object id or userPrincipalName) other values; null clears one. */
  changeUser(user: string, change: UserWish, addressee?: Addressee): void
  /** Deletes a user (object id or userPrincipalName): it vanishes from lists and groups. */
  deleteUser(user: string, addressee?: Addressee): void
  /** How far the index of advanced queries and `$count` is behind from now on, in milliseconds. */
  setIndexLag(milliseconds: number, addressee?: Addressee): void
  /**
   * Forgets every delta link handed out so far: they are refused in this style, by default 410 with
   * a Location to begin anew at.
   */
  resetDeltas(reset?: { readonly style?: DeltaReset }, addressee?: Addressee): void
  /** How deltas are answered from now on; what is left out stays as it is. */
  setDeltas(settings: DeltaSettings, addressee?: Addressee): void
  /** Brings a deleted user back, with its id and into its groups. */
  restoreUser(user: string, addressee?: Addressee): void
}

/** Makes that part of the control. */
export function createPeopleControl(world: World): PeopleControl {
  const tenantOf = (addressee?: Addressee): Tenant =>
    requireTenant(world.tenants, addressee?.tenant)
  const happen = (tenant: Tenant, change: UserChange): void => {
    const before = tenant.userCount
    applyUserChange(tenant, change)
    tenant.journal.entries.push(entryOf(change, before, world.now()))
    announceToSearch(tenant.lag, change, world.now())
    world.pages.clear()
  }
  return {
    setUserCount: (users, addressee) => {
      const tenant = tenantOf(addressee)
      happen(tenant, { kind: 'counted', users: requireUserCount(users, 'users') })
    },
    createUser: (user, addressee) => {
      const tenant = tenantOf(addressee)
      happen(tenant, creationOf(tenant, user, world.now()))
      const index = tenant.userCount - 1
      stateOf(tenant, index).isDeleted = false
      return idOf(drawPerson(tenant.population, index))
    },
    changeUser: (user, change, addressee) => {
      const tenant = tenantOf(addressee)
      const altered = alterationOf(tenant, user, change)
      happen(tenant, altered)
      const { accountEnabled } = change
      if (typeof accountEnabled === 'boolean' && altered.kind === 'put') {
        stateOf(tenant, altered.index).isDisabled = !accountEnabled
      }
    },
    deleteUser: (user, addressee) => {
      const tenant = tenantOf(addressee)
      const removed = removalOf(tenant, 'deleted', user)
      happen(tenant, removed)
      stateOf(tenant, removed.index).isDeleted = true
    },
    resetDeltas: ({ style = 'gone_with_location' } = {}, addressee) => {
      tenantOf(addressee).journal.resets.push(requireReset(style))
    },
    setDeltas: (settings, addressee) => {
      const { journal } = tenantOf(addressee)
      journal.settings = requireDeltas({ ...journal.settings, ...settings })
    },
    setIndexLag: (milliseconds, addressee) => {
      const tenant = tenantOf(addressee)
      setSearchLag(tenant.lag, tenant, requireLag(milliseconds, 'milliseconds'))
      world.pages.clear()
    },
    restoreUser: (user, addressee) => {
      const tenant = tenantOf(addressee)
      const restored = removalOf(tenant, 'restored', user)
      happen(tenant, restored)
      stateOf(tenant, restored.index).isDeleted = false
    },
  }
}

/** What deltas are told of a change; `before`: how many users there were. */
function entryOf(change: UserChange, before: number, at: number): JournalEntry {
  const collection = 'users'
  if (change.kind === 'counted') return countedEntry(collection, before, change.users, at)
  const { index: from } = change
  const span = { at, collection, from, to: from + 1 } as const
  if (change.kind !== 'put') return { ...span, kind: change.kind }
  const { names } = change
  return names === undefined ? { ...span, kind: 'created' } : { ...span, kind: 'changed', names }
}

function stateOf(tenant: Tenant, index: number): ReturnType<Tenant['accounts']['state']> {
  return tenant.accounts.state(idOf(drawPerson(tenant.population, index)))
}
