import type { Simulator } from '../../src/simulator/index.ts'

/** What may befall a session of an import, besides being killed. */
const accidents: readonly ((simulator: Simulator, nth: number) => void)[] = [
  ({ control }) => control.expirePageTokens(),
  ({ control }) => control.expireTokens(),
  ({ control }) => control.revokeTokens(),
  ({ control }, nth) =>
    control.addFault({
      match: { kind: 'users', nth, every: 5, times: 4 },
      effect: { kind: 'reset' },
    }),
  ({ control }, nth) =>
    control.addFault({ match: { kind: 'users', nth, times: 2 }, effect: { kind: 'truncate' } }),
  ({ control }, nth) =>
    control.addFault({
      match: { kind: 'users', nth },
      effect: { kind: 'status', status: 429, retryAfter: 1, penalty: true },
    }),
  ({ control }, nth) =>
    control.addFault({
      match: { kind: 'users', nth, times: 3 },
      effect: { kind: 'status', status: 503 },
    }),
  ({ control }, nth) =>
    control.addFault({
      match: { kind: 'users', nth, times: 2 },
      effect: { kind: 'status', status: 400, code: 'Directory_ExpiredPageToken' },
    }),
  ({ control }, nth) =>
    control.addFault({ match: { kind: 'users', nth }, effect: { kind: 'empty_page' } }),
  ({ control }) => control.outage(300),
]

/**
 * Lets an accident befall the session that begins, and changes the directory: somebody comes,
 * somebody goes, somebody is renamed from one end of the alphabet to the other.
 */
export function makeChaos(simulator: Simulator, random: () => number): () => void {
  const { control } = simulator
  const ids = [...simulator.users(undefined, ['id'])].map(({ id }) => String(id))
  const someone = (): string => ids[Math.floor(random() * ids.length)] ?? ''
  let names = 0
  return () => {
    control.clearFaults()
    accidents[Math.floor(random() * accidents.length)]?.(simulator, 1 + Math.floor(random() * 9))
    const letter = 'abcdefghijklmnopqrstuvwxyzé0'[Math.floor(random() * 28)] ?? 'a'
    const name = `${letter}${names++}.renamed@contoso.example`
    control.changeUser(someone(), { userPrincipalName: name, department: `dept ${names}` })
    control.createUser({ userPrincipalName: `new.${name}`, displayName: name })
    const [gone] = ids.splice(Math.floor(random() * ids.length), 1)
    if (gone !== undefined) control.deleteUser(gone)
  }
}
