import type { SimulatedRequest } from './answer.ts'
import { fingerprintOf } from './sessions.ts'
import { clientIdOf, readForm } from './token-form.ts'
import type { OpenTokenRequest, TokenRequestRecord } from './token-request.ts'

/** The requests to token endpoints, the latest 100,000 of them. */
export interface TokenLog {
  open(request: Omit<SimulatedRequest, 'tokenRequest'>): OpenTokenRequest
  records(): readonly TokenRequestRecord[]
  reset(): void
}

const keptRecords = 100_000

/** Makes an empty log. */
export function createTokenLog(): TokenLog {
  let records: OpenTokenRequest[] = []
  let count = 0
  return {
    open: (request) => {
      const form = readForm(request)
      const refreshToken = form.get('refresh_token')
      const [, first = '', second = ''] = request.path.split('/')
      const record: OpenTokenRequest = {
        number: ++count,
        at: request.receivedAt,
        authority: first === 'oidc' ? second : first,
        grantType: form.get('grant_type') ?? undefined,
        clientId: clientIdOf(form),
        scope: form.get('scope') ?? undefined,
        resource: form.get('resource') ?? undefined,
        refreshToken: refreshToken ? fingerprintOf(refreshToken) : undefined,
        isReuse: false,
        isReuseDetected: false,
        authentication: undefined,
        outcome: 'pending',
        error: undefined,
        code: undefined,
        issuedRefreshToken: undefined,
        answer: undefined,
        fault: undefined,
      }
      records.push(record)
      // Halved now and then rather than shifted every time.
      if (records.length >= keptRecords * 2) records = records.slice(-keptRecords)
      return record
    },
    records: () => records.slice(-keptRecords).map((record) => ({ ...record })),
    reset: () => {
      records = []
      count = 0
    },
  }
}
