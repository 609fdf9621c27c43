import {
  createConsoleDesk,
  type CallerLimits,
  type ConsoleDesk,
  type ConsoleSessionRecord,
} from '../access/index.ts'
import { err, EvergrantError, isEvergrantError, ok, systemRandom } from '../kernel/index.ts'
import type { Composition } from './compose.ts'
import { createConsoleGate, type ConsoleGate } from './console-gate.ts'
import { consoleRedirectUri } from './console-paths.ts'
import { createConsoleSignIn, type ConsoleSignIn } from './console-sign-in.ts'
import type { CodeDesk } from './session-codes.ts'
import type { Holder, Sessions } from './sessions.ts'

/** What signs people in to the console of a service, and knows them. */
export interface Console {
  readonly desk: ConsoleDesk
  readonly gate: ConsoleGate
  readonly signIn: ConsoleSignIn
  close(): void
}

/** What it rests on besides the composition. */
export interface ConsoleOptions {
  readonly publicUrl: () => string
  readonly limits: () => CallerLimits
  readonly sessions: Sessions
  readonly codes: CodeDesk
  /** Told of faults of the work that nobody waits for. */
  readonly onFault: (fault: unknown) => void
}

/** Between two sweeps, and between the steps of one (ms). */
const sweepEveryMs = 600_000
const stepEveryMs = 1_000

/** Opens the console’s sessions over a composition. */
export function openConsole(
  composition: Pick<Composition, 'store' | 'clock' | 'events' | 'config'>,
  { publicUrl, limits, sessions, codes, onFault }: ConsoleOptions,
): Console {
  const { store, clock, events } = composition
  const settings = (): Composition['config']['server']['console'] =>
    composition.config.server.console
  const holders = new WeakMap<ConsoleSessionRecord, Holder>()
  const desk = createConsoleDesk({
    store: store.console,
    clock,
    random: systemRandom,
    emit: events.emit,
    lives: settings,
    judge: (session) => {
      const { identity, issuer, callerId: id, name, role, expiresAt } = session
      const isOffered =
        issuer === undefined || signIn.choices().some((one) => one.issuer === issuer)
      if (!isOffered) {
        const detail = `nobody signs in at "${issuer}" any more`
        return err(new EvergrantError('console_signed_out', detail))
      }
      if (identity !== undefined) {
        const holder = holders.get(session) ?? { identity, expiresAt }
        holders.set(session, holder)
        return sessions.judge(holder, 'console')
      }
      const fixed = { connections: [], allowTokens: false, limits: limits(), expiresAt }
      return ok({ id, name, kind: 'console', role, ...fixed })
    },
  })
  const signIn = createConsoleSignIn({
    store: store.console,
    clock,
    random: systemRandom,
    emit: events.emit,
    config: () => composition.config,
    redirectUri: () => consoleRedirectUri(publicUrl()),
    codes,
    desk,
    sessions,
  })
  let cancel = (): void => {}
  let isClosed = false
  const arm = (afterMs: number): void => {
    if (!isClosed) cancel = clock.schedule(afterMs, () => void sweep())
  }
  async function sweep(): Promise<void> {
    try {
      const { more } = await desk.sweep()
      arm(more ? stepEveryMs : sweepEveryMs)
    } catch (error) {
      // While the store is away there is nothing to sweep; it is tried again.
      if (!isEvergrantError(error)) onFault(error)
      arm(sweepEveryMs)
    }
  }
  arm(stepEveryMs)
  return {
    desk,
    gate: createConsoleGate(desk, publicUrl, () => settings().enabled),
    signIn,
    close: () => {
      isClosed = true
      cancel()
    },
  }
}
