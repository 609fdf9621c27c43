import type { Secret } from '../kernel/index.ts'
import type { TargetDatabase, TargetName } from './target-database.ts'
import { openPostgresTarget } from './target-postgres.ts'
import { openSqliteTarget } from './target-sqlite.ts'

/** Opens target databases; it alone knows their passwords. */
export interface TargetOpener {
  /**
   * Connects to a target.
   *
   * @param importName Whose password to use.
   * @throws EvergrantError `destination_unreachable`, `destination_unwritable`, `secret_*`
   */
  open(target: TargetName, importName: string): Promise<TargetDatabase>
}

/** Makes an opener. @param passwordOf Reads the password of an import's target, where it has one. */
export function createTargetOpener(
  passwordOf: (importName: string) => Promise<Secret | undefined>,
): TargetOpener {
  return {
    open: async (target, importName) =>
      target.kind === 'sqlite'
        ? openSqliteTarget(target.file)
        : await openPostgresTarget(target.url, await passwordOf(importName)),
  }
}
