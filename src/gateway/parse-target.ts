import { EvergrantError } from '../kernel/index.ts'
import { isPlainPath, isPlainQuery } from './path-guard.ts'

/** Where the gateway’s addresses begin. */
export const proxyPrefix = '/proxy/'

/** A request target below `/proxy/`, cut into its parts and nothing changed. */
export interface ProxyTarget {
  /** `name`, `name@tenant`, `name:upstream` or `name@tenant:upstream`, as written. */
  readonly address: string
  /** Empty, or from the slash behind the address on. */
  readonly path: string
  /** Empty, or from the `?` on. */
  readonly query: string
}

/**
 * Cuts a request target into address, path and query. Undefined when it is none below `/proxy/`
 * (`*`, an absolute-form target) or cannot be passed on safely; see `isPlainPath`.
 */
export function parseTarget(target: string): ProxyTarget | undefined {
  if (!target.startsWith(proxyPrefix)) return undefined
  const mark = target.indexOf('?')
  const end = mark === -1 ? target.length : mark
  const slash = target.indexOf('/', proxyPrefix.length)
  const cut = slash === -1 || slash > end ? end : slash
  const path = target.slice(cut, end)
  const query = mark === -1 ? '' : target.slice(mark)
  if (cut === proxyPrefix.length || !isPlainPath(path) || !isPlainQuery(query)) return undefined
  return { address: target.slice(proxyPrefix.length, cut), path, query }
}

/** The parts of an address. */
export interface ProxyAddress {
  readonly name: string
  readonly tenant?: string
  readonly upstream?: string
}

/**
 * Reads an address; `@` and `:` may stand percent-encoded, as some clients write them.
 *
 * @throws EvergrantError `target_invalid`
 */
export function parseAddress(address: string): ProxyAddress {
  const [, name, tenant, upstream] =
    /^([^@:/\\]{1,200})(?:@([^@:/\\]{1,255}))?(?::([^@:/\\]{1,200}))?$/.exec(decode(address)) ?? []
  if (name === undefined) {
    throw new EvergrantError(
      'target_invalid',
      'expected `/proxy/CONNECTION[@TENANT][:UPSTREAM]/…`, but the address has another form',
    )
  }
  return {
    name,
    ...(tenant === undefined ? {} : { tenant }),
    ...(upstream === undefined ? {} : { upstream }),
  }
}

function decode(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}
