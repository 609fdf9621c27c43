import type { ConnectionDefinition } from '../grants/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import type { TokenSubject, Transport } from '../oauth/index.ts'

/**
 * Tells why an account may not take this connection’s grant: it is of another tenant, or another
 * one than served so far. Undefined when it may, and where the provider does not say who it is.
 */
export async function refuseAccount(
  { provider }: ConnectionDefinition,
  subject: TokenSubject | undefined,
  expectedSubject: string | undefined,
  transport: Transport,
): Promise<EvergrantError | undefined> {
  if (provider.type === 'entra') {
    const tenantId = await provider.resolveTenantId(transport)
    if (!tenantId.ok) return tenantId.error.error
    if (subject?.tenantId !== tenantId.value) {
      return new EvergrantError(
        'consent_wrong_tenant',
        `expected an account of tenant ${tenantId.value}, but saw one of ${subject?.tenantId ?? 'none'}`,
      )
    }
  }
  if (expectedSubject === undefined || subject === undefined) return undefined
  if (subject.subject === expectedSubject) return undefined
  const whose = subject.userName === undefined ? '' : ` (${subject.userName})`
  return new EvergrantError(
    'consent_wrong_account',
    `expected account ${expectedSubject}, but saw ${subject.subject}${whose}`,
  )
}
