import { z } from 'zod'
import { filePath, listOf, must } from './fields.ts'
import { secretReference } from './secret-schema.ts'
import { isLoopback } from './urls.ts'

const form = 'the address of a proxy such as http://proxy.example.com:3128'

const isProxy = (value: string): boolean => {
  const url = URL.parse(value)
  if (url === null || !['https:', 'http:'].includes(url.protocol)) return false
  return url.hostname !== '' && url.pathname === '/' && url.search + url.hash === ''
}

const noPassword = {
  expected: `${form}, without a password in it`,
  remedy:
    'Secrets never stand in this file: write { url: https://user@host:port, password: { env: NAME } }; a proxy spoken to over http takes its password from HTTPS_PROXY alone. Treat a password that stood here as known, and replace it.',
}
const hasNoPassword = (value: string): boolean => {
  const userInfo = /^[a-z]+:\/\/(.*)@/is.exec(value)?.[1]
  return userInfo?.includes(':') !== true
}
const onlyAddress = {
  expected: `${form}, without path, query or fragment`,
  remedy: 'Leave only scheme, user, host and port.',
}

const proxyText = must(
  must(
    z.string('"env", "none" or the address of a proxy'),
    (value) => value === 'env' || value === 'none' || hasNoPassword(value),
    noPassword,
  ),
  (value) => value === 'env' || value === 'none' || isProxy(value),
  {
    expected: `"env", "none" or ${form}`,
    remedy: 'Write env to follow HTTP_PROXY, HTTPS_PROXY and NO_PROXY, none to go directly.',
  },
)

const proxyAddress = must(
  must(
    must(z.string(form).meta({ format: 'uri' }), hasNoPassword, noPassword),
    isProxy,
    onlyAddress,
  ),
  (value) => URL.parse(value)?.username !== '',
  {
    expected: `${form} with a user, as there is a password`,
    remedy: 'Write the user before the host, https://user@host:port, or remove "password".',
  },
)

const proxyWithPassword = z.strictObject({
  url: must(
    proxyAddress,
    (value) => {
      const url = URL.parse(value)
      return url === null || url.protocol === 'https:' || isLoopback(url.hostname)
    },
    {
      expected: 'an https URL, as a password is sent; http is for a proxy on this machine only',
      remedy:
        'Write https: over http the password would cross the network readable by others. A proxy without password may be http.',
    },
  ).describe('Address of the proxy with its user; https, or http on this machine only.'),
  password: secretReference.describe(
    'Where the user’s password stands; exactly one of `env`, `file` and `exec`.',
  ),
})

/** The way out, as written. */
export const networkSchema = z
  .strictObject({
    proxy: z
      .union([proxyText, proxyWithPassword])
      .default('env')
      .describe(
        'Proxy of every outbound call: `env` follows HTTP_PROXY, HTTPS_PROXY and NO_PROXY, `none` goes directly; else the proxy’s address, or a mapping of `url` and `password`, for which NO_PROXY counts as well.',
      ),
    ca: listOf(filePath(), 0)
      .default([])
      .describe(
        'Files of certificate authorities (PEM) to trust besides the platform’s, relative to the configuration file.',
      ),
  })
  .prefault({})
  .describe('How the network is reached.')
