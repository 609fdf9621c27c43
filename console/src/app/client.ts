import { createClient } from '../../../src/client/index.ts'
import { presenceHeaders } from './presence.ts'

let csrf = ''

/** Takes over what proves that a request comes from this page and not from another one. */
export function setCsrf(token: string): void {
  csrf = token
}

/** The API of the service that this page came from; the session goes with a cookie. */
export const client = createClient({
  url: location.origin,
  headers: () => ({ ...presenceHeaders(), ...(csrf === '' ? {} : { 'evergrant-csrf': csrf }) }),
})
