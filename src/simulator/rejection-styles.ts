import type { Answer } from './answer.ts'

/** The simulated APIs that take tokens. */
export type ResourceName = 'graph' | 'arm' | 'partner' | 'vault'

/**
 * How an API refuses a token that is dead: `unauthorized` is the usual 401; the others are what
 * real APIs were seen to do instead.
 */
export type RejectionStyle =
  'unauthorized' | 'forbidden_empty' | 'server_error' | 'ok_with_error_body'

/** The refusal of a dead token in that style; undefined for the usual one. */
export function rejectionIn(
  style: RejectionStyle | undefined,
  headers: Readonly<Record<string, string>>,
): Answer | undefined {
  const plain = { ...headers, 'Content-Type': 'application/json' }
  if (style === 'forbidden_empty') return { status: 403, headers, body: '' }
  if (style === 'server_error') {
    const body = JSON.stringify({ message: 'access token expired' })
    return { status: 500, headers: plain, body }
  }
  if (style === 'ok_with_error_body') {
    const body = JSON.stringify({ error: { code: 'InvalidToken', message: 'Token expired.' } })
    return { status: 200, headers: plain, body }
  }
  return undefined
}
