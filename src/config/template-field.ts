import { z } from 'zod'
import { must, text } from './fields.ts'
import { looksSecret } from './secret-form.ts'

const placeholder = /\{([^{}"'\s:,]*)\}/g

const foreign = (value: string): string | undefined =>
  [...value.matchAll(placeholder)].map(([, name = '']) => name).find((name) => name !== 'token')

/** Tells whether the token stands in a checked template. */
export function placesToken(value: string): boolean {
  return value.includes('{token}')
}

/** A text in which `{token}` stands for the access token and nothing else for anything. */
export function template(): z.ZodString {
  const written = must(
    text('a text'),
    (value) => /^[\x20-\x7e]*$/.test(value) && value.length <= 4_096,
    {
      expected: 'a text of at most 4096 printable ASCII characters',
      remedy: 'Leave out line breaks and other characters.',
    },
  )
  const known = must(written, (value) => foreign(value) === undefined, {
    expected: 'a text with no placeholder but "{token}"',
    remedy: 'Write {token}, in lower case, where the access token goes; nothing else is filled in.',
  })
  return must(
    known,
    (value) => !value.split(/[\s,;=]+/).some((word) => word !== '' && looksSecret(word)),
    {
      expected: 'a text that is no secret itself',
      remedy:
        'Secrets never stand in this file: write {token} where the access token goes. Treat a secret that stood here as known, and replace it.',
    },
  )
}

/** Headers that belong to the connection, to the message or to the gateway. */
const reserved = [
  'connection',
  'content-length',
  'expect',
  'forwarded',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
] as const

const isReserved = (name: string): boolean => {
  const lower = name.toLowerCase()
  return (
    reserved.some((one) => one === lower) || /^(x-forwarded-|evergrant-|sec-websocket-)/.test(lower)
  )
}

/** The name of a header that the gateway may set. */
export function headerName(): z.ZodString {
  const written = must(z.string(), (name) => /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/.test(name), {
    expected: 'the name of a header: letters, digits, "-" and "_"',
    remedy: 'Write the name alone, without ":".',
  })
  return must(written, (name) => !isReserved(name), {
    expected: 'a header that is the API’s own',
    remedy:
      'Remove it: the gateway sets host, content-length, the headers of one connection, X-Forwarded-… and Evergrant-… itself.',
  })
}

/** The name of a query parameter. */
export function parameterName(): z.ZodString {
  return must(z.string(), (name) => /^[\x21-\x7e]{1,100}$/.test(name) && !/[?&=#{}]/.test(name), {
    expected: 'the name of a query parameter, without "?", "&", "=", "#" and braces',
    remedy: 'Write the name alone; it is encoded when it is sent.',
  })
}
