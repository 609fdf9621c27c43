const ownSecret = /\beg[a-z]_[\w-]{8,}/g
const jwt = /eyJ[\w-]{8,}(?:\.[\w-]*){0,4}/g

/**
 * A text with every key and token of ours in it, and every JWT, made unreadable: such as a path
 * somebody put one in. Cheap where there is none.
 */
export function maskOwnSecrets(text: string): string {
  const masked = text.replaceAll(ownSecret, (secret) => `${secret.slice(0, 4)}…`)
  return masked.includes('eyJ') ? masked.replaceAll(jwt, '[redacted]') : masked
}
