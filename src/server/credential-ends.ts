import type { CredentialFacts } from '../alarms/index.ts'
import { referenceOf, type CredentialConfig } from '../config/index.ts'
import { isEvergrantError, type Secret } from '../kernel/index.ts'
import { readClientCertificate } from '../oauth/index.ts'
import type { Composition } from './compose.ts'

/** The ends of client credentials that are known. */
export interface CredentialEnds {
  /** Reads up to 20 certificates that were not read within the last six hours; never throws. */
  look(): Promise<{
    readonly facts: readonly CredentialFacts[]
    /** Keys (`owner:position`) of credentials whose end nobody knows at the moment. */
    readonly unknown: ReadonlySet<string>
  }>
}

const keptMs = 6 * 3_600_000
/** A certificate that cannot be read is not asked for every minute. */
const failedMs = 600_000
const readAtOnce = 20

/**
 * Follows when client credentials of connections and issuers end: what a certificate says, else
 * what was noted as `expiresAt`.
 */
export function createCredentialEnds(
  composition: Pick<Composition, 'config' | 'connections' | 'secrets' | 'clock'>,
): CredentialEnds {
  let read = new Map<string, { readonly at: number; readonly end: number | undefined }>()
  return {
    look: async () => {
      const now = composition.clock.now()
      const facts: CredentialFacts[] = []
      const unknown = new Set<string>()
      const kept: typeof read = new Map()
      let reads = 0
      for (const one of credentialsOf(composition)) {
        const { owner, name, position, kind, noted, version, readPem } = one
        let end = noted
        if (kind === 'certificate') {
          const place = `${owner}:${position}:${version}`
          let known = read.get(place)
          const keptFor = known?.end === undefined ? failedMs : keptMs
          if ((known === undefined || now - known.at >= keptFor) && reads < readAtOnce) {
            reads++
            known = { at: now, end: await endOf(readPem) }
          }
          if (known !== undefined) kept.set(place, known)
          end = known?.end ?? noted
        }
        if (end === undefined) unknown.add(`${owner}:${position}`)
        else facts.push({ owner, name, position, kind, expiresAt: end })
      }
      read = kept
      return { facts, unknown }
    },
  }
}

interface Credential extends Pick<CredentialFacts, 'owner' | 'name' | 'position' | 'kind'> {
  readonly noted: number | undefined
  readonly version: string
  readonly readPem: () => Secret | Promise<Secret>
}

function credentialsOf({
  config,
  connections,
  secrets,
}: Pick<Composition, 'config' | 'connections' | 'secrets'>): readonly Credential[] {
  const ofConnections = connections.all().flatMap(({ definition }) =>
    definition.credentials.map((credential, position) => ({
      owner: `connection "${definition.name}"`,
      name: definition.name,
      position,
      kind: credential.kind,
      noted: credential.expiresAt,
      version: definition.version,
      readPem: credential.read,
    })),
  )
  const ofIssuers = Object.values(config.issuers).flatMap(({ name, client }) =>
    (client?.credentials ?? []).map((credential: CredentialConfig, position) => ({
      owner: `issuer "${name}"`,
      name,
      position,
      kind: credential.type,
      noted: credential.expiresAt,
      version: JSON.stringify(credential),
      readPem: () => secrets.read(referenceOf(credential), `issuers.${name}.client`),
    })),
  )
  return [...ofConnections, ...ofIssuers]
}

async function endOf(readPem: Credential['readPem']): Promise<number | undefined> {
  try {
    return readClientCertificate(await readPem()).expiresAt
  } catch (error) {
    // Told by whoever needs it: the connection cannot get tokens either.
    if (isEvergrantError(error)) return undefined
    throw error
  }
}
