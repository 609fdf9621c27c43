import type { Config } from './config.ts'
import { issuerHints, notInFile } from './issuer-hints.ts'
import type { SecretHint } from './secret-reader.ts'

/**
 * Finds what may be right but often is not: imports with a connection that the file does not
 * define, which then has to stand in the store, and what issuers say needlessly or in part.
 */
export function configHints({ connections, imports, issuers }: Config): readonly SecretHint[] {
  const known = Object.keys(connections)
  const elsewhere = Object.values(imports).flatMap(({ name, connection }) => {
    const [wanted = ''] = connection.split('@')
    if (known.includes(wanted)) return []
    return [{ askedBy: `imports.${name}.connection`, hint: notInFile(wanted, known) }]
  })
  return [...elsewhere, ...issuerHints({ connections, issuers })]
}
