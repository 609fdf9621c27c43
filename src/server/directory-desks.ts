import {
  createAccountDesk,
  createPeopleDesk,
  type AccountDesk,
  type PeopleDesk,
} from '../directory/index.ts'
import type { Composition } from './compose.ts'

/** What decides about accounts here. */
export interface DirectoryDesks {
  readonly accountDesk: AccountDesk
  readonly peopleDesk: PeopleDesk
}

/**
 * Opens the desks of a composition. Other processes hear of what is decided from the store.
 *
 * @param options.onChanged What this process must let go of then.
 * @param options.mayScan Whether this thread may stand still to find an account by its name.
 */
export function openDirectoryDesks(
  { store, clock, events, connections }: Composition,
  { onChanged, mayScan }: { readonly onChanged: () => void; readonly mayScan: boolean },
): DirectoryDesks {
  const { accounts, people, sessions } = store
  return {
    accountDesk: createAccountDesk({ accounts, sessions, clock, emit: events.emit, onChanged }),
    peopleDesk: createPeopleDesk({
      people,
      accounts,
      mayScan,
      clock,
      onChanged,
      isConnection: (name) =>
        connections.find(name) !== undefined ||
        connections.unusable().some((one) => one.name === name),
    }),
  }
}
