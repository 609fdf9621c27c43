import { shownState, type Connection } from '../connections/connection.ts'

/** Something that ends, if nothing is done. */
export interface Ending {
  readonly key: string
  readonly kind: 'idle' | 'hard' | 'credential'
  readonly connection: string
  readonly at: string
  /** When Evergrant renews it by itself before; absent where a person must. */
  readonly renewedAt?: string
}

const farMs = 120 * 86_400_000

/** What ends next, the first first; nothing that ends far from now. */
export function endingsOf(connections: readonly Connection[], now: number): readonly Ending[] {
  return connections
    .flatMap((one) => [...tokenEndings(one, now), ...credentialEndings(one)])
    .filter(({ at }) => new Date(at).getTime() - now < farMs)
    .toSorted((a, b) => (a.at < b.at ? -1 : 1))
}

function tokenEndings(connection: Connection, now: number): Ending[] {
  const { name, refresh_token: token, keep_alive_at: kept } = connection
  // What has ended already ends no more, and nothing keeps it alive.
  if (shownState(connection) === 'lapsed' || token === null || token === undefined) return []
  const { idle_expires_at: idle, expires_at: hard } = token
  // One that was due and did not happen renews nothing.
  const isAhead = typeof kept === 'string' && new Date(kept).getTime() > now
  const renewed = isAhead && idle !== null && kept < idle
  return [
    ...(idle === null
      ? []
      : [
          {
            key: `${name} idle`,
            kind: 'idle' as const,
            connection: name,
            at: idle,
            ...(renewed ? { renewedAt: kept } : {}),
          },
        ]),
    ...(hard === null
      ? []
      : [{ key: `${name} hard`, kind: 'hard' as const, connection: name, at: hard }]),
  ]
}

function credentialEndings({ name, credentials = [] }: Connection): Ending[] {
  return credentials.flatMap(({ position, expires_at: at }) =>
    at === null
      ? []
      : [
          {
            key: `${name} credential ${position}`,
            kind: 'credential' as const,
            connection: name,
            at,
          },
        ],
  )
}
