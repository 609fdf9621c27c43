import { comparePermissions, signInTargets, type TargetPermissions } from '../consent/index.ts'
import type { ConnectionDefinition } from '../grants/index.ts'
import { systemRandom, type Result } from '../kernel/index.ts'
import { adminConsentUrl, canonicalTarget, moreConsentUrl } from '../oauth/index.ts'
import { createAdminConsentStates } from './admin-consent-state.ts'
import type { Composition } from './compose.ts'

/** What the tokens of a connection hold, and where more can be consented to. */
export interface ConnectionPermissions {
  readonly targets: readonly TargetPermissions[]
  /** Asks the account for what is missing and nothing else; absent where nothing is, or can be. */
  readonly reconsentUrl?: string
  /** Asks an administrator for the whole tenant; absent where the provider has no such page. */
  readonly adminConsentUrl?: string
}

/** Where both addresses lead back to: it must be registered with the application. */
export function adminConsentRedirect(publicUrl: string): string {
  return `${publicUrl.replace(/\/+$/, '')}/consent/admin`
}

/**
 * Compares what the tokens of a connection must hold with what the newest of each holds, be it
 * alive or not. Nobody is asked; no token leaves.
 *
 * @param publicUrl Where the service is for browsers.
 * @throws EvergrantError `connection_unknown`, `tenant_*`, `store_*`
 */
export async function describePermissions(
  composition: Composition,
  address: string,
  publicUrl: string,
): Promise<ConnectionPermissions> {
  const { engine, fetch, clock, vault } = composition
  const { definition } = engine.connection(address)
  const targets = [...distinctTargets(definition).values()]
  const compared = await Promise.all(
    targets.map(async (target) =>
      comparePermissions(definition, target, await engine.newest(address, { target })),
    ),
  )
  const { provider, clientId } = definition
  if (provider.type !== 'entra') return { targets: compared }
  const states = createAdminConsentStates(vault, clock, systemRandom)
  const question = {
    provider,
    clientId,
    redirectUri: adminConsentRedirect(publicUrl),
    state: states.make(address),
  }
  const transport = { fetch, clock }
  const missing = [...new Set(compared.flatMap(({ missingScopes }) => missingScopes))]
  const isOfPerson =
    definition.grant === 'authorization_code' && definition.grantTenant === undefined
  const more =
    missing.length > 0 && isOfPerson
      ? await moreConsentUrl({ ...question, scopes: missing }, transport)
      : undefined
  const scopes = adminScopes(definition, missing)
  const admin = await adminConsentUrl({ ...question, scopes }, transport)
  return {
    targets: compared,
    ...(more?.ok === true ? { reconsentUrl: more.value } : {}),
    ...valueOf(admin),
  }
}

function valueOf(found: Result<string, unknown>): Pick<ConnectionPermissions, 'adminConsentUrl'> {
  return found.ok ? { adminConsentUrl: found.value } : {}
}

function distinctTargets({
  target,
  targets,
}: ConnectionDefinition): ReadonlyMap<string, ConnectionDefinition['target']> {
  return new Map([target, ...(targets?.values() ?? [])].map((one) => [canonicalTarget(one), one]))
}

/** What is missing, else everything that the connection is for, as far as one request may ask it. */
function adminScopes(
  definition: ConnectionDefinition,
  missing: readonly string[],
): readonly string[] {
  if (missing.length > 0) return missing
  const targets = signInTargets(definition)
  const named = targets.flatMap((target) => ('scope' in target ? target.scope.split(/\s+/) : []))
  const isNamed = targets.every((target) => 'scope' in target)
  if (isNamed && !named.some((scope) => scope.endsWith('/.default'))) return named
  // `.default` stands for every permission of the registration, and beside no other scope.
  const [first] = targets
  return ['resource' in first ? `${first.resource}/.default` : (named[0] ?? '')]
}
