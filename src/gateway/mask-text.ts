import { maskOwnSecrets } from '../kernel/index.ts'
import { maskForm, maskMembers } from './mask-members.ts'
import { maskToken, redacted } from './mask-token.ts'

const credential =
  /\b(Bearer|Basic|DPoP|SharedKey(?:Lite)?|Negotiate|NTLM|Token)((?:\s|%20|\+)+)(?!(?:authorization_uri|resource_metadata|error_description)=)[\w.~+/=:%-]{16,}/gi
/** A short one, which has a digit or its end filled up; prose has neither. */
const shortCredential = /\b(Bearer|Basic)( +)(?=[\w.~+/-]{0,15}[\d=])[\w.~+/-]{6,}=*/gi
/** Private keys as files hold them. */
const pem = /(-----BEGIN [A-Z ]{0,40}PRIVATE KEY)-----[\s\S]*?(?:-----END|$)/g
/** What stands before the host of a URL. */
const userinfo = /(:\/\/|:\\\/\\\/|%3A%2F%2F)[^\s/@"'<>\\]{1,200}@/gi

/**
 * Masks in a text of a stranger everything that may be secret: the tokens of the call, keys and
 * tokens of ours, whatever looks like a token.
 */
export function maskText(text: string, tokens: readonly string[]): string {
  let masked = text
  for (const token of tokens) masked = maskToken(masked, token)
  return maskOwnSecrets(masked)
    .replaceAll(credential, `$1$2${redacted}`)
    .replaceAll(shortCredential, `$1$2${redacted}`)
    .replaceAll(pem, `$1 ${redacted}`)
    .replaceAll(userinfo, `$1${redacted}@`)
}

/** The same for a body, what stands under a telling name besides. */
export function maskBody(text: string, tokens: readonly string[], type = ''): string {
  const masked = maskText(text, tokens)
  return /^application\/x-www-form-urlencoded\b/i.test(type)
    ? maskForm(masked)
    : maskMembers(masked)
}
