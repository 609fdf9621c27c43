import { expect, it } from 'vitest'
import { readCookie } from './read-cookie.ts'

const name = '__Host-evergrant-console'

it.each([
  [undefined, undefined],
  ['', undefined],
  ['other=1', undefined],
  [`${name}=a`, 'a'],
  [`other=1; ${name}=a; more=2`, 'a'],
  [` ${name} = a `, 'a'],
  [`${name}=a=b==`, 'a=b=='],
  [`${name.toLowerCase()}=a`, undefined],
  [`x${name}=a`, undefined],
  [`${name}x=a`, undefined],
  [`other="; ${name}=a"`, 'a"'],
  [name, undefined],
])('%j gives %j', (header, value) => {
  expect(readCookie(header, name)).toEqual({ ok: true, value })
})

it.each([`${name}=a; ${name}=a`, `${name}=a;${name}=b`, `${name}=a; x=1; ${name}=`])(
  'two of a name are refused, whatever they hold: %j',
  (header) => {
    const read = readCookie(header, name)
    expect(read).toMatchObject({ ok: false, error: { code: 'credential_malformed' } })
    expect(JSON.stringify(read)).not.toContain('=a')
  },
)
