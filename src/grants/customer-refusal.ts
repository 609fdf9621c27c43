import { EvergrantError } from '../kernel/index.ts'
import type { TokenFailure } from '../oauth/index.ts'
import type { ConnectionDefinition } from './connection.ts'

/** What to do about a number of Entra’s, when a customer’s tenant answers with it. */
interface CustomerHint {
  readonly codes: readonly number[]
  readonly remedy: (customer: string, connection: string) => string
}

const hints: readonly CustomerHint[] = [
  {
    codes: [90099, 65001],
    remedy: (customer, connection) =>
      `Consent for the customer: \`evergrant connections customers ${connection} --customer ${idOf(customer)} --grant\`. The account that consented must be in AdminAgents and in a security group of the GDAP relationship.`,
  },
  {
    codes: [50020, 50177, 500341, 500213, 500212],
    remedy: (customer, connection) =>
      `See that the account behind "${connection}" is in a security group of the GDAP relationship with ${customer}, is no guest there, and that the customer’s cross-tenant access and Conditional Access let service providers in.`,
  },
  {
    codes: [50072, 50074, 50076, 50078, 50079],
    remedy: (customer, connection) =>
      `A Conditional Access policy of ${customer} wants multi-factor authentication of the partner’s account, not of the customer’s users. Let it sign in again with MFA: \`evergrant consent ${connection}\`; or an administrator of ${customer} exempts service providers.`,
  },
  {
    codes: [53000, 53001, 53003, 530032, 530035, 70043],
    remedy: (customer) =>
      `A Conditional Access policy of ${customer} blocks the partner’s account. An administrator of ${customer} must exempt service providers, or this account, from the policy that the sign-in log of that tenant names.`,
  },
  {
    codes: [90002, 90072, 700016, 500011, 650052, 650057],
    remedy: (customer) =>
      `See that ${customer} is the customer’s tenant, that the application is registered for several tenants, and that the customer has a licence for the API.`,
  },
  {
    codes: [50173, 50057, 50053, 50034, 70000, 70008, 700082],
    remedy: (_customer, connection) =>
      `That is about the account or the refresh token itself, whatever the customer: see \`evergrant connections test ${connection}\`, and obtain consent again if it fails as well.`,
  },
]

const guid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i

/** What the command takes: Partner Center knows customers by the ids of their tenants alone. */
function idOf(customer: string): string {
  return guid.test(customer) ? customer : 'TENANT_ID'
}

const customers: ReadonlySet<TokenFailure['kind']> = new Set([
  'grant_lapsed',
  'consent_required',
  'interaction_required',
])

/**
 * Says of a refusal at a customer’s authority that it is that customer’s: the grant serves the
 * partner and other customers on, and an administrator there may mend it without telling us, so it
 * is asked again slowly. What is about the client or passes by itself stays as it is.
 */
export function asCustomerRefusal(
  failure: TokenFailure,
  { name, provider, grantTenant }: ConnectionDefinition,
): TokenFailure {
  const { detail, upstream } = failure.error
  const customer = provider.tenant
  const codes = upstream?.errorCodes ?? []
  if (grantTenant === undefined) return failure
  const hint = hints.find((one) => one.codes.some((code) => codes.includes(code)))
  // That the application or an API is not there comes as a fault of the request.
  const isAbsence = failure.kind === 'request_rejected' && hint !== undefined
  if (!customers.has(failure.kind) && !isAbsence) return failure
  const remedy =
    hint?.remedy(customer, name) ??
    `See what the policies of ${customer} want of the partner’s account, and whether its GDAP relationship and consent still stand: \`evergrant connections customers ${name} --customer ${idOf(customer)}\`.`
  return {
    ...failure,
    retry: 'probe',
    error: new EvergrantError('customer_refused', `at customer ${customer}: ${detail}`, {
      remedy,
      ...(upstream === undefined ? {} : { upstream }),
    }),
  }
}
