import { EvergrantError, isEvergrantError, Secret, type ErrorCode } from '../kernel/index.ts'
import type { SealPlace, Vault } from '../vault/index.ts'

/** Why somebody was refused, as a page of its own tells it. */
export interface RefusalNotice {
  readonly error: EvergrantError
  /** The connection that it was about, or the request. */
  readonly about?: string
}

/**
 * Carries a refusal to the page that tells it. An address that brought a code is left at once, also
 * when nothing comes of it, and what is told after that is said by nobody but us: sealed, so that
 * no stranger puts words on our page, and kept nowhere.
 */
export interface RefusalNotices {
  /** As a parameter of an address. */
  seal(notice: RefusalNotice): string
  /** Undefined for anything that was not sealed here. */
  open(text: unknown): RefusalNotice | undefined
}

const place: SealPlace = { table: 'consent', column: 'refusal', row: '' }

/** Makes them over a vault. */
export function createRefusalNotices(vault: Pick<Vault, 'seal' | 'open'>): RefusalNotices {
  return {
    seal: ({ error: { code, detail, remedy }, about }) => {
      const text = JSON.stringify([code, detail, remedy, about ?? null])
      return Buffer.from(vault.seal(new Secret(text), place)).toString('base64url')
    },
    open: (sealed) => {
      if (typeof sealed !== 'string' || !/^[\w-]{1,8000}$/.test(sealed)) return undefined
      try {
        const text = vault.open(Buffer.from(sealed, 'base64url'), place).reveal()
        const [code, detail, remedy, about] = JSON.parse(text) as readonly [
          ErrorCode,
          string,
          string,
          string | null,
        ]
        const error = new EvergrantError(code, detail, { remedy })
        return { error, ...(about === null ? {} : { about }) }
      } catch (error) {
        if (isEvergrantError(error)) return undefined
        throw error
      }
    },
  }
}
