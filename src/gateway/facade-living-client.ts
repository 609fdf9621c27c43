import type { FacadeClient, FacadeStore } from './facade-store.ts'

/** A client that is not revoked, by the id that clients send; names are not for the wire. */
export async function livingClient(
  store: FacadeStore,
  id: string,
): Promise<FacadeClient | undefined> {
  if (!/^fac_[\w-]{1,60}$/.test(id)) return undefined
  const client = await store.findFacadeClient(id)
  return client === undefined || client.id !== id || client.revokedAt !== undefined
    ? undefined
    : client
}
