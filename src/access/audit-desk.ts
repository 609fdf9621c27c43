import { newId, type Clock, type RandomBytes } from '../kernel/index.ts'
import type { AuditActorKind, AuditEntry, AuditStore } from './audit-ports.ts'
import type { Caller } from './caller.ts'

/** Who did something. */
export interface AuditActor {
  readonly actor: string
  readonly actorKind: AuditActorKind
}

/** What is to be recorded; `before` and `after` are values without secrets. */
export interface AuditNote extends Omit<AuditEntry, 'id' | 'at' | 'before' | 'after'> {
  readonly before?: unknown
  readonly after?: unknown
}

/** Adds to the record of what was done. */
export interface AuditDesk {
  /** Writes an entry; it is on disk when this resolves. @throws `store_*` */
  record(note: AuditNote): Promise<void>
}

/** Most characters of how something stood; more is cut to the fact that there was more. */
const longestState = 16_384
const longestTarget = 300

/** Makes the desk over a store. */
export function createAuditDesk(
  store: Pick<AuditStore, 'addEntry'>,
  clock: Pick<Clock, 'now'>,
  random: RandomBytes,
): AuditDesk {
  return {
    record: async ({ before, after, ...note }) => {
      const at = clock.now()
      const [was, is] = [asText(before), asText(after)]
      await store.addEntry({
        ...note,
        id: newId('aud', at, random),
        at,
        target: clean(note.target).slice(0, longestTarget),
        actor: clean(note.actor).slice(0, longestTarget),
        ...(was === undefined ? {} : { before: was }),
        ...(is === undefined ? {} : { after: is }),
      })
    },
  }
}

/**
 * How records name a caller: the name of a key is given here, but that of whoever signed in is
 * whatever a directory says, so that the id stands beside it.
 */
export function actorOf({ kind, name, id }: Caller): AuditActor {
  switch (kind) {
    case 'key':
    case 'facade':
      return { actor: name, actorKind: 'key' }
    case 'bearer':
    case 'session':
      return { actor: `${name} (${id})`, actorKind: 'session' }
    case 'console':
      return { actor: `${name} (${id})`, actorKind: 'console' }
  }
}

function asText(state: unknown): string | undefined {
  if (state === undefined || state === null) return undefined
  // PostgreSQL keeps no U+0000 in a text; as an escape of JSON it stays what it was.
  const text = JSON.stringify(state)
  return text.length <= longestState ? text : JSON.stringify({ cut: true, length: text.length })
}

function clean(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '\uFFFD')
}
