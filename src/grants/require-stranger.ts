import { EvergrantError, isCertainlyGone, type Secret } from '../kernel/index.ts'
import { canonicalTarget } from '../oauth/index.ts'
import type { ConnectionDefinition } from './connection.ts'
import type { EngineContext } from './context.ts'
import type { LoadedCredentials } from './credentials.ts'
import type { GrantRecord } from './ports.ts'

/**
 * Refuses a strict provider’s refresh token that is somebody’s here already: what the journal of
 * one grant holds back, another grant must not send. One that was replaced by rotation is not known
 * any more.
 */
export async function requireStranger(
  { name, provider, target }: ConnectionDefinition,
  refreshToken: Secret,
  current: GrantRecord | undefined,
  { version }: LoadedCredentials,
  { store, clock, identity }: EngineContext,
): Promise<void> {
  if (provider.rotation !== 'strict') return
  const address = { connection: name, tenant: provider.tenant }
  const [candidate] = await store.listGrants({ ...address, standing: 'candidate', limit: 1 })
  for (const grant of [current, candidate]) {
    if (grant === undefined) continue
    const slot = {
      grantId: grant.id,
      target: canonicalTarget(target),
      credentialVersion: version,
    }
    const view = await store.viewForRenewal(slot)
    if (view?.refreshToken?.equals(refreshToken) !== true) continue
    if (grant === current) throw ownAlready(name)
    const { intent } = view
    const isHeld = intent !== undefined && intent.leaseUntil > clock.now()
    if (isHeld && !isCertainlyGone(intent.owner, identity)) throw onTrialAlready(name)
  }
}

function ownAlready(name: string): EvergrantError {
  return new EvergrantError('usage', `"${name}" has that very refresh token already`, {
    remedy: `Run \`evergrant connections refresh ${name}\` to use it, with --resend where its fate is unknown.`,
  })
}

function onTrialAlready(name: string): EvergrantError {
  return new EvergrantError(
    'usage',
    `another process has just put that very refresh token of "${name}" on trial`,
    { remedy: `Wait for that trial, and see \`evergrant connections show ${name}\`.` },
  )
}
