import { authorizationHeader, type AccessToken } from '../kernel/index.ts'

/** Makes a value with a token put in. The result is secret. */
export type RenderToken = (token: AccessToken) => string

const placeholder = '{token}'

/**
 * Compiles a value in which `{token}` stands for the token; a value without is always the same.
 * `Bearer {token}` takes the scheme that the provider spelt.
 */
export function compileTemplate(template: string): RenderToken {
  if (template === `Bearer ${placeholder}`) return authorizationHeader
  const [before = '', after, ...more] = template.split(placeholder)
  if (after === undefined) return () => template
  if (more.length === 0) return (token) => before + token.secret.reveal() + after
  const parts = [before, after, ...more]
  return (token) => parts.join(token.secret.reveal())
}

/** Headers to set on every request. */
export interface HeaderTemplates {
  /** Lower-case names; the caller’s headers of these names do not pass. */
  readonly names: ReadonlySet<string>
  /** Appends names and values to a flat list. */
  append(list: string[], token: AccessToken): void
}

/** Compiles the headers of an upstream. */
export function compileHeaders(headers: Readonly<Record<string, string>>): HeaderTemplates {
  const templates = Object.entries(headers).map(
    ([name, template]) => [name.toLowerCase(), compileTemplate(template)] as const,
  )
  return {
    names: new Set(templates.map(([name]) => name)),
    append: (list, token) => {
      for (const [name, render] of templates) list.push(name, render(token))
    },
  }
}

/** Makes the query to send of the caller’s (empty, or from `?` on) and a token. */
export type RenderQuery = (query: string, token: AccessToken) => string

/**
 * Compiles the query parameters of an upstream. The caller’s query stays byte for byte, but for
 * parameters of the same names, which are left out.
 */
export function compileQuery(query: Readonly<Record<string, string>>): RenderQuery | undefined {
  const templates = Object.entries(query).map(
    ([name, template]) => [encodeURIComponent(name), compileTemplate(template)] as const,
  )
  if (templates.length === 0) return undefined
  const names = new Set(Object.keys(query))
  return (given, token) => {
    const kept = given
      .slice(1)
      .split('&')
      .filter((pair) => pair !== '' && !names.has(nameOf(pair)))
    const own = templates.map(([name, render]) => `${name}=${encodeURIComponent(render(token))}`)
    return `?${[...kept, ...own].join('&')}`
  }
}

function nameOf(pair: string): string {
  const [name = ''] = pair.split('=', 1)
  try {
    return decodeURIComponent(name.replaceAll('+', ' '))
  } catch {
    return name
  }
}
