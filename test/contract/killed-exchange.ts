/*
 * A process that dies in the middle of redeeming a refresh token: `killed-exchange.ts FILE WHEN`,
 * where WHEN is `before` (the answer came), `during` (its commit) or `after` (it).
 */
import { Secret, systemClock } from '../../src/kernel/index.ts'
import { openSqliteStore } from '../../src/store/index.ts'
import { aClaim, aSlot, aSuccess, aToken, aVault } from './builders.ts'

const [, , path = '', when] = process.argv
const die = (): never => {
  process.kill(process.pid, 'SIGKILL')
  for (;;);
}
const vault = aVault()
let isCommitting = false
const deadly = {
  ...vault,
  seal: (...[secret, place]: Parameters<typeof vault.seal>) => {
    // The access token is written by then, the refresh token is not.
    if (isCommitting && place.table === 'grants') die()
    return vault.seal(secret, place)
  },
}
const store = await openSqliteStore({
  path,
  vault: when === 'during' ? deadly : vault,
  clock: systemClock,
  role: 'main',
})
const key = { connection: 'csp', tenant: 't', subject: '' }
const { id } = await store.grants.addCandidate(key, { secret: new Secret('refresh 1') }, 1)
await store.grants.activateCandidate(id, 'adele', 2)
const redemption = { refreshVersion: 1, isExclusive: true }
await store.grants.beginExchange(aClaim(aSlot(id), 'a', { redemption }))
if (when === 'before') die()
isCommitting = true
await store.grants.commitExchange(
  aSuccess(aSlot(id), 'a', {
    token: aToken('access'),
    redemption: { refreshVersion: 1, refreshToken: new Secret('refresh 2') },
  }),
)
die()
