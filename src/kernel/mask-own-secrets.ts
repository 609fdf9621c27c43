const ownSecret = /\beg[a-z]_[\w-]{8,}/g

/**
 * A text with every key and token of ours in it made unreadable, such as a path somebody put one
 * in.
 */
export function maskOwnSecrets(text: string): string {
  return text.replaceAll(ownSecret, (secret) => `${secret.slice(0, 4)}…`)
}
