/** Tells whether a text has a form that only secrets have: an Entra client secret, a JWT, a PEM. */
export function hasSecretForm(text: string): boolean {
  return /\dQ~|-----BEGIN|^ey[\w-]+\.[\w-]+\./.test(text)
}

/** The same, and long random texts as well; GUIDs are ids. */
export function looksSecret(text: string): boolean {
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return false
  const isLongAndMixed = /^[\w.~+/=-]{32,}$/.test(text) && /\d/.test(text) && /[A-Za-z]/.test(text)
  return isLongAndMixed || hasSecretForm(text) || /^ey[\w-]+\./.test(text)
}

/**
 * Takes out of a text what addresses carry in secret: everything before the last "@" of an
 * authority, whatever characters a password has and whether or not a scheme stands before it; what
 * follows "?" or "#"; and what a connection string says of its password.
 */
export function withoutUrlSecrets(text: string): string {
  return text
    .replace(/\/\/.*@/s, '//[redacted]@')
    .replace(/^[^/]*:.*@/s, (before) => (before.includes('//') ? before : '[redacted]@'))
    .replace(/[?#].*$/s, (tail) => `${tail.slice(0, 1)}…`)
    .replace(/(pass\w*|pwd|secret|token|key)(\s*[=:]).*$/is, '$1$2…')
}
