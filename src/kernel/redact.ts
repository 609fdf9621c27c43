import type { Secret } from './secret.ts'

const longestKept = 600

/**
 * Makes text of a stranger fit to be kept: no known secret in any form it may have been sent in, no
 * JWT, no control character, at most 600 characters.
 */
export function redact(text: string, secrets: readonly Secret[]): string {
  let clean = text
  for (const secret of secrets) {
    for (const form of spellings(secret.reveal())) clean = clean.replaceAll(form, '[redacted]')
  }
  clean = clean
    .replaceAll(/eyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)*/g, '[redacted]')
    // oxlint-disable-next-line no-control-regex -- control characters are what is removed
    .replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
    .trim()
  return clean.length > longestKept ? `${clean.slice(0, longestKept - 1)}…` : clean
}

/** The secret as it was, in a form body, in a URL and in JSON; longest first. */
function spellings(secret: string): readonly string[] {
  if (secret === '') return []
  const forms = new Set([
    secret,
    encodeURIComponent(secret),
    new URLSearchParams([['', secret]]).toString().slice(1),
    JSON.stringify(secret).slice(1, -1),
    base64(secret),
  ])
  return [...forms].toSorted((a, b) => b.length - a.length)
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
}
