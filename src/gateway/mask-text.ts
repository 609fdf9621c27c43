import { maskOwnSecrets } from '../kernel/index.ts'
import { maskMembers } from './mask-members.ts'
import { maskToken, redacted } from './mask-token.ts'

const jwt = /eyJ[\w-]{8,}(?:\.[\w-]*){0,4}/g
const credential =
  /\b(Bearer|Basic|DPoP|SharedKey(?:Lite)?|Negotiate|NTLM|Token)((?:\s|%20|\+)+)[\w.~+/=:%-]{16,}/gi

/**
 * Masks in a text of a stranger everything that may be secret: the tokens of the call, keys and
 * tokens of ours, whatever looks like a token.
 */
export function maskText(text: string, tokens: readonly string[]): string {
  let masked = text
  for (const token of tokens) masked = maskToken(masked, token)
  return maskOwnSecrets(masked).replaceAll(jwt, redacted).replaceAll(credential, `$1$2${redacted}`)
}

/** The same for a body, what stands under a telling name besides. */
export function maskBody(text: string, tokens: readonly string[]): string {
  return maskMembers(maskText(text, tokens))
}
