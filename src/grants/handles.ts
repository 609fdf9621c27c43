import { err, isEvergrantError, type EvergrantError } from '../kernel/index.ts'
import { canonicalTarget, type TokenTarget } from '../oauth/index.ts'
import type { ConnectionHandle } from './connection-handle.ts'
import type { ConnectionDefinition } from './connection.ts'
import type { EngineContext } from './context.ts'
import {
  chooseTarget,
  parseAddress,
  type ConnectionRegistry,
  type TargetChoice,
} from './registry.ts'
import { createTokenSlot, type TokenSlot } from './token-slot.ts'

/** The handles of an engine and the slots behind them. */
export interface Handles {
  /**
   * Returns the handle of an address, the same one as long as it is kept.
   *
   * @throws `connection_unknown`, `tenant_required`, `tenant_invalid`, `usage`
   */
  handle(address: string, choice: TargetChoice): ConnectionHandle
  /** The slot behind a handle, made where there is none. @throws as `handle` */
  slot(address: string, choice: TargetChoice): TokenSlot
  /** A slot that is kept for nobody but the caller, unless one is at hand already. */
  borrow(definition: ConnectionDefinition, choice: TargetChoice): TokenSlot
  /** Lets every slot know whether its connection is paused. */
  pause(): void
  /** Every slot in memory. */
  slots(): readonly TokenSlot[]
  /** Lets go of the slots whose definition is another one by now. */
  renew(): void
  /** Lets no further renewal start and resolves when those under way have ended. */
  close(): Promise<void>
}

/** How many slots and handles are kept; the longest unasked for go first, never one in use. */
export const handlesKept = 10_000

/** What a handle points at; emptied when the slot is let go of. */
interface Seat {
  readonly key: string
  readonly name: string
  readonly tenant: string | undefined
  slot: TokenSlot | undefined
}

/** Makes the handles of one engine. */
export function createHandles(registry: ConnectionRegistry, context: EngineContext): Handles {
  const seats = new Map<string, Seat>()
  const handles = new Map<
    string,
    { readonly handle: ConnectionHandle; readonly seat: () => Seat }
  >()
  const leaving = new Set<Promise<void>>()
  let isClosed = false

  const makeSlot = (definition: ConnectionDefinition, target: TokenTarget): TokenSlot => {
    const address = canonicalAddress(registry, definition)
    const slot = createTokenSlot(definition, address, target, context)
    if (isClosed) void slot.close()
    return slot
  }

  const letGo = (seat: Seat): void => {
    const { slot } = seat
    seat.slot = undefined
    seats.delete(seat.key)
    if (slot === undefined) return
    const left = slot.close().finally(() => leaving.delete(left))
    leaving.add(left)
  }

  /** Lets one go for a newcomer; when all are in use there are more for a while. */
  function makeRoom(newcomer: Seat): void {
    if (seats.size <= handlesKept) return
    for (const seat of seats.values()) {
      if (seat === newcomer || seat.slot?.isRenewing() === true) continue
      letGo(seat)
      return
    }
  }

  function seatOf(address: string, choice: TargetChoice): Seat & { slot: TokenSlot } {
    const { name, tenant } = parseAddress(address)
    const definition = registry.resolve(name, tenant)
    const target = chooseTarget(definition, choice)
    const key = keyOf(definition, canonicalTarget(target))
    const known = seats.get(key)
    if (known?.slot !== undefined) {
      touch(known)
      return known as Seat & { slot: TokenSlot }
    }
    const slot = makeSlot(definition, target)
    const seat = { key, name, tenant, slot }
    seats.set(key, seat)
    makeRoom(seat)
    return seat
  }

  const touch = (seat: Seat): void => {
    seats.delete(seat.key)
    seats.set(seat.key, seat)
  }

  function makeHandle(
    address: string,
    choice: TargetChoice,
  ): { readonly handle: ConnectionHandle; readonly seat: () => Seat } {
    let seat: Seat = seatOf(address, choice)
    let last = seat.slot as TokenSlot
    const current = (): TokenSlot => {
      seat = seatOf(address, choice)
      return (last = seat.slot as TokenSlot)
    }
    /** The slot, or why there is none any more. */
    const attempt = (): TokenSlot | EvergrantError => {
      try {
        return current()
      } catch (error) {
        if (isEvergrantError(error)) return error
        throw error
      }
    }
    const handle: ConnectionHandle = {
      address: last.address,
      get definition() {
        const slot = seat.slot ?? attempt()
        return isEvergrantError(slot) ? last.definition : slot.definition
      },
      get target() {
        return (seat.slot ?? last).target
      },
      getToken: (options) => {
        if (seat.slot !== undefined) return seat.slot.getToken(options)
        const slot = attempt()
        return isEvergrantError(slot) ? Promise.resolve(err(slot)) : slot.getToken(options)
      },
      peek: () => {
        const slot = seat.slot ?? attempt()
        return isEvergrantError(slot) ? undefined : slot.peek()
      },
      take: () => {
        const slot = seat.slot ?? attempt()
        return isEvergrantError(slot) ? undefined : slot.take()
      },
      reportRejection: async (report, options) => {
        const slot = seat.slot ?? attempt()
        if (isEvergrantError(slot)) return { kind: 'renewal_failed', error: slot }
        return slot.reportRejection(report, options)
      },
    }
    return { handle, seat: () => seat }
  }

  return {
    handle: (address, choice) => {
      const key = JSON.stringify([address, choice ?? null])
      const known = handles.get(key)
      if (known !== undefined) {
        const seat = known.seat()
        // A connection that is gone is no more to be had; who holds the handle is told by it.
        if (seat.slot === undefined) seatOf(address, choice)
        else touch(seat)
        return known.handle
      }
      const made = makeHandle(address, choice)
      handles.set(key, made)
      const [oldest] = handles.keys()
      if (handles.size > handlesKept && oldest !== undefined) handles.delete(oldest)
      return made.handle
    },
    slot: (address, choice) => seatOf(address, choice).slot,
    borrow: (definition, choice) => {
      const target = chooseTarget(definition, choice)
      const known = seats.get(keyOf(definition, canonicalTarget(target)))?.slot
      return known ?? makeSlot(definition, target)
    },
    pause: () => {
      for (const { slot } of seats.values()) slot?.pauseAsKnown()
    },
    slots: () => [...seats.values()].flatMap(({ slot }) => slot ?? []),
    renew: () => {
      for (const seat of seats.values()) {
        if (versionNow(registry, seat) !== seat.slot?.definition.version) letGo(seat)
      }
    },
    close: async () => {
      isClosed = true
      const open = [...seats.values()].map(({ slot }) => slot?.close())
      await Promise.all([...open, ...leaving])
    },
  }
}

/** As people write it: with the tenant only where the connection is a template, or for a customer. */
export function canonicalAddress(
  registry: ConnectionRegistry,
  { name, provider, grantTenant }: ConnectionDefinition,
): string {
  const isNamed = registry.isTemplate(name) || grantTenant !== undefined
  return isNamed ? `${name}@${provider.tenant}` : name
}

function keyOf({ name, provider }: ConnectionDefinition, target: string): string {
  return JSON.stringify([name, provider.tenant, target])
}

function versionNow(registry: ConnectionRegistry, seat: Seat): string | undefined {
  try {
    return registry.resolve(seat.name, seat.tenant).version
  } catch (error) {
    if (isEvergrantError(error)) return undefined
    throw error
  }
}
