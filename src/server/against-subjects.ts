import type { Config, IssuerConfig } from '../config/index.ts'

/** Callers that both configurations are asked about: those of one tenant, or of one server. */
export interface Subject {
  /** The tenant whose accounts they are; absent: any account of the directory. */
  readonly tenantId?: string
  /** Who accepts their tokens; absent: nobody. */
  readonly running?: IssuerConfig
  readonly next?: IssuerConfig
}

/** Finds whose tokens either configuration accepts, whatever its issuers are called. */
export function subjectsOf(
  running: Pick<Config, 'issuers'>,
  next: Pick<Config, 'issuers'>,
): readonly Subject[] {
  const before = byTokens(running)
  const after = byTokens(next)
  return [...new Set([...before.keys(), ...after.keys()])].map((key) => {
    const one = before.get(key)
    const other = after.get(key)
    const tenantId = tenantOf(key, one) ?? tenantOf(key, other)
    return {
      ...(tenantId === undefined ? {} : { tenantId }),
      ...(one === undefined ? {} : { running: one }),
      ...(other === undefined ? {} : { next: other }),
    }
  })
}

function byTokens({ issuers }: Pick<Config, 'issuers'>): ReadonlyMap<string, IssuerConfig> {
  return new Map(
    Object.values(issuers).flatMap((issuer): [string, IssuerConfig][] => {
      if (issuer.type === 'oidc') return [[issuer.issuer, issuer]]
      const { tenants, cloud, authority = cloud } = issuer
      return tenants.map((tenant) => [`${authority} ${tenant}`, issuer])
    }),
  )
}

function tenantOf(key: string, issuer: IssuerConfig | undefined): string | undefined {
  return issuer?.type === 'entra' ? key.slice(key.lastIndexOf(' ') + 1) : issuer?.tenant
}
