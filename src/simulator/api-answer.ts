/** What an API says: a status and a body. */
export interface ApiAnswer {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** The shape of Partner Center's errors. */
export function partnerFailure(status: number, code: number, description: string): ApiAnswer {
  return { status, body: { code, description, data: [], source: 'PartnerFD' } }
}
