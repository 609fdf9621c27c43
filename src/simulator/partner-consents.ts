import type { SimulatedRequest } from './answer.ts'
import { partnerFailure, type ApiAnswer } from './api-answer.ts'
import type { ApplicationConsent, ApplicationGrant } from './application-consent.ts'
import { graphApplicationId } from './resources.ts'
import type { Tenant } from './tenants.ts'

/** APIs that consent can be given for: Graph, ARM, Partner Center. */
const enterpriseApplications = new Set([
  graphApplicationId,
  '797f4846-ba00-4fd7-ba43-dac1f8f63013',
  'fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd',
])
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
/** Most consents of a customer that are kept. */
const maximumConsents = 1_000

/**
 * Answers `POST /customers/{id}/applicationconsents` and `DELETE …/{applicationId}`. Only an
 * application of the partner can be consented to. A list is not documented, and answers 405.
 *
 * @see learn.microsoft.com/partner-center/developer/control-panel-vendor-apis
 */
export function answerConsents(
  request: SimulatedRequest,
  partner: Tenant,
  customer: Tenant,
  id: string | undefined,
): ApiAnswer {
  const { applicationConsents } = customer
  if (id !== undefined && request.method === 'DELETE') {
    const wasThere = applicationConsents.delete(id.toLowerCase())
    return wasThere
      ? { status: 204, body: undefined }
      : partnerFailure(404, 404, 'The application has no consent.')
  }
  if (id !== undefined || request.method !== 'POST') {
    return partnerFailure(405, 405, `The method ${request.method} is not allowed here.`)
  }
  const consent = readConsent(request.body)
  if (typeof consent === 'string') return partnerFailure(400, 2000, consent)
  const applicationId = consent.applicationId.toLowerCase()
  if (!partner.applications.has(applicationId)) {
    return partnerFailure(
      403,
      403,
      'The application is not registered in the tenant of the partner.',
    )
  }
  if (customer.isConsentRefused) {
    return partnerFailure(403, 403, 'The relationship grants no role that may consent.')
  }
  if (applicationConsents.has(applicationId)) {
    return partnerFailure(409, 409, 'Permission entry already exists.')
  }
  if (applicationConsents.size >= maximumConsents) {
    return partnerFailure(400, 2000, 'Too many consents.')
  }
  applicationConsents.set(applicationId, { ...consent, applicationId })
  const location = `${request.path.replace(/^\/partner/, '')}/${applicationId}`
  return { status: 201, body: consent, headers: { Location: location } }
}

/** Reads a consent, or tells what is wrong with it. */
function readConsent(body: string): ApplicationConsent | string {
  let read: Partial<ApplicationConsent> | null
  try {
    read = JSON.parse(body) as typeof read
  } catch {
    return 'The body is not JSON.'
  }
  const { applicationId, displayName = '', applicationGrants } = read ?? {}
  if (typeof applicationId !== 'string' || !guid.test(applicationId)) {
    return '"applicationId" must be a GUID.'
  }
  if (typeof displayName !== 'string') return '"displayName" must be a text.'
  if (!Array.isArray(applicationGrants) || applicationGrants.length === 0) {
    return '"applicationGrants" must name at least one grant.'
  }
  const grants = applicationGrants as readonly (Partial<ApplicationGrant> | null)[]
  for (const [index, grant] of grants.entries()) {
    const { enterpriseApplicationId: api, scope } = grant ?? {}
    if (typeof api !== 'string' || !enterpriseApplications.has(api.toLowerCase())) {
      return `"applicationGrants[${index}].enterpriseApplicationId" is no API known here.`
    }
    if (typeof scope !== 'string' || !/^[\w.]+(,\s*[\w.]+)*$/.test(scope)) {
      return `"applicationGrants[${index}].scope" must be permissions with commas between.`
    }
  }
  return { applicationId, displayName, applicationGrants: grants as readonly ApplicationGrant[] }
}
