import type { Config } from './config.ts'
import type { SecretHint } from './secret-reader.ts'
import { suggest } from './suggest.ts'

/**
 * Finds what may be right but often is not: imports with a connection that the file does not
 * define, which then has to stand in the store, and imports that wait for a scheduler.
 */
export function configHints({ connections, imports }: Config): readonly SecretHint[] {
  const known = Object.keys(connections)
  const waiting = Object.values(imports).flatMap(({ name, schedule }) =>
    schedule === undefined
      ? []
      : [
          {
            askedBy: `imports.${name}.schedule`,
            hint: `Nothing of this version runs imports by their schedule: let cron or another scheduler call \`evergrant imports run ${name}\`.`,
          },
        ],
  )
  const elsewhere = Object.values(imports).flatMap(({ name, connection }) => {
    const [wanted = ''] = connection.split('@')
    if (known.includes(wanted)) return []
    const meant = suggest(wanted, known)
    const question = meant === undefined ? '' : ` Did you mean ${JSON.stringify(meant)}?`
    return [
      {
        askedBy: `imports.${name}.connection`,
        hint: `No connection of this file is named ${JSON.stringify(wanted)}, so that it has to be one of the store.${question}`,
      },
    ]
  })
  return [...waiting, ...elsewhere]
}
