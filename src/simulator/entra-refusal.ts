/** One refusal of the token endpoint. */
export interface EntraRefusal {
  readonly status: number
  readonly error: string
  readonly suberror?: string
  /** AADSTS number. */
  readonly code: number
  readonly message: string
  /** JSON text that the client must hand on with its next request. */
  readonly claims?: string
}
