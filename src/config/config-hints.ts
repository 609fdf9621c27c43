import type { Config } from './config.ts'
import { issuerHints, notInFile } from './issuer-hints.ts'
import type { SecretHint } from './secret-reader.ts'

/**
 * Finds what may be right but often is not: imports with a connection that the file does not
 * define, which then has to stand in the store, imports that replace each other's files, and what
 * issuers say needlessly or in part.
 */
export function configHints({ connections, imports, issuers }: Config): readonly SecretHint[] {
  const known = Object.keys(connections)
  const elsewhere = Object.values(imports).flatMap(({ name, connection }) => {
    const [wanted = ''] = connection.split('@')
    if (known.includes(wanted)) return []
    return [{ askedBy: `imports.${name}.connection`, hint: notInFile(wanted, known) }]
  })
  return [...elsewhere, ...sharedFiles(imports), ...issuerHints({ connections, issuers })]
}

/** A snapshot is put in place whole: of two imports that write the same file, the last one's stays. */
function sharedFiles(imports: Config['imports']): readonly SecretHint[] {
  const writers = new Map<string, string>()
  return Object.values(imports).flatMap(({ name, to, collections }) => {
    if (!/^(ndjson|csv):/.test(to)) return []
    return collections.flatMap((collection) => {
      const file = `${to} ${collection}`
      const other = writers.get(file)
      if (other === undefined) {
        writers.set(file, name)
        return []
      }
      const hint = `It writes the ${collection} of ${to}, as imports.${other} does: each run replaces the file of the other. Give each a folder of its own.`
      return [{ askedBy: `imports.${name}.to`, hint }]
    })
  })
}
