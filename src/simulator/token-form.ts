import { headerOf, type SimulatedRequest } from './answer.ts'
import { readJwt } from './jwt.ts'

/** The form of a request, with the credentials of a Basic header put where the body would have them. */
export function readForm(request: SimulatedRequest): URLSearchParams {
  const form = new URLSearchParams(request.body)
  const basic = basicOf(request)
  if (basic === undefined) return form
  const pair = Buffer.from(basic, 'base64').toString('utf8')
  const colon = pair.indexOf(':')
  if (colon < 0) return form
  form.set('client_id', formDecoded(pair.slice(0, colon)))
  form.set('client_secret', formDecoded(pair.slice(colon + 1)))
  return form
}

/** The encoded pair of a Basic header. */
export function basicOf(request: SimulatedRequest): string | undefined {
  return /^basic +(\S+)$/i.exec(headerOf(request, 'authorization') ?? '')?.[1]
}

/** RFC 6749 section 2.3.1: both halves are form-encoded; what is not passes as it is. */
function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

/** The client a request says it is from: by its parameter, else by its assertion. */
export function clientIdOf(form: URLSearchParams): string | undefined {
  const named = form.get('client_id')
  if (named) return named
  const subject = readJwt(form.get('client_assertion') ?? '')?.claims['sub']
  return typeof subject === 'string' ? subject : undefined
}
