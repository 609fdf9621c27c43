import { z } from 'zod'
import { duration, filePath, listOf, mapName, must, text, wholeNumber } from './fields.ts'
import { isListenAddress, isProxyNetwork, trustsEveryone } from './listen-address.ts'
import { hasSecretForm } from './secret-form.ts'
import { secretReference } from './secret-schema.ts'
import { origin } from './urls.ts'

const keyPath = must(filePath(), (value) => !hasSecretForm(value), {
  expected: 'the path of the key, not the key itself',
  remedy:
    'Write the path of its PEM file, or { env: NAME }. Treat a key that stood here as known, and replace it.',
})

const tls = z
  .strictObject({
    cert: filePath().describe(
      'File of the certificate with its chain (PEM), relative to the configuration file.',
    ),
    key: z
      .union([keyPath, secretReference])
      .describe(
        'The private key (PEM): a path relative to the configuration file, or where it stands, as a mapping with exactly one of `env`, `file` and `exec`.',
      ),
  })
  .describe('Certificate and key of the service. Absent: plain HTTP.')

const proxyNetwork = must(
  must(z.string('an address or a network'), isProxyNetwork, {
    expected: 'an IP address, or a network such as 10.0.0.0/8',
    remedy: 'Write the address from which the proxy calls; names are not looked up.',
  }),
  (value) => !trustsEveryone(value),
  {
    expected: 'less than every address',
    remedy:
      'Name the addresses of your proxies: whoever is trusted says who a caller is and how it came.',
  },
)

const consoleIssuer = z.strictObject({
  scope: text('scopes')
    .optional()
    .describe(
      'What the sign-in asks for, separated by blanks. Default: `openid profile`, the `scopes` of the issuer, and at Entra `.default` of its audience where its access tokens are judged.',
    ),
  resource: text('an audience of the issuer')
    .optional()
    .describe(
      'What the access token is to be for, one of the `audiences` of the issuer. Default: at Entra the first of them; elsewhere it is not named.',
    ),
})

const consoleSchema = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Whether people can sign in at `/console/`.'),
    idle: duration({ least: '5m', most: '24h' })
      .prefault('30m')
      .describe('How long a session at the console lasts unused, from 5m to 24h.'),
    longest: duration({ least: '15m', most: '7d' })
      .prefault('12h')
      .describe('How long a session at the console lasts at most, from 15m to 7d.'),
    issuers: z
      .record(mapName(), consoleIssuer)
      .optional()
      .describe(
        'Whose people sign in there, by the name of the issuer, which needs a `client`. Default: all that have one.',
      ),
  })
  .prefault({})
  .describe('The console, and how people sign in to it.')

/** The service, as written; `check-server.ts` holds the rules that look at several fields. */
export const serverSchema = z
  .strictObject({
    listen: must(z.string('an address such as 127.0.0.1:8420'), isListenAddress, {
      expected: 'host:port, such as 127.0.0.1:8420, 0.0.0.0:8420 or [::1]:8420',
      remedy:
        'Write address and port; an IPv6 address stands in brackets. Port 0 takes a free one.',
    })
      .default('127.0.0.1:8420')
      .describe(
        'Where the service listens, as `host:port`, IPv6 in brackets; port 0 takes a free one. Beyond this machine it needs `tls`, or `trustedProxies` that speak TLS in its place.',
      ),
    publicUrl: origin()
      .optional()
      .describe(
        'How callers reach the service: an origin; https, or http on this machine only. Default on this machine: `http://localhost:PORT`, with `tls` https. Required where `listen` reaches further.',
      ),
    tls: tls.optional(),
    trustedProxies: listOf(proxyNetwork, 0)
      .default([])
      .describe(
        'IP addresses and networks (CIDR) whose `X-Forwarded-*` and `X-Request-Id` are believed.',
      ),
    drain: duration({ least: '0s', most: '10m' })
      .prefault('30s')
      .describe('How long calls under way may take to end after SIGTERM, from 0s to 10m.'),
    limits: z
      .strictObject({
        rate: must(
          z.number('requests a second').meta({ exclusiveMinimum: 0, maximum: 100_000 }),
          (value) => value > 0 && value <= 100_000,
          {
            expected: 'a number above 0, up to 100000',
            remedy: 'Write requests a second, or remove the line: then there is no bound.',
          },
        )
          .optional()
          .describe('Requests a second, above 0 up to 100000. Default: no bound.'),
        concurrency: wholeNumber(1, 100_000)
          .optional()
          .describe('Requests under way at once, from 1 to 100000. Default: no bound.'),
      })
      .prefault({})
      .describe('For each caller that has no limits of its own.'),
    traces: z
      .strictObject({
        keep: wholeNumber(1_000, 10_000_000)
          .default(100_000)
          .describe('How many of the newest traces are kept, from 1000 to 10000000.'),
      })
      .prefault({})
      .describe('Traces of what went through the gateway.'),
    log: z
      .strictObject({
        level: z
          .enum(['debug', 'info', 'warn', 'error'])
          .default('info')
          .describe('The least that is written: `debug`, `info`, `warn` or `error`.'),
      })
      .prefault({})
      .describe('The log on standard output.'),
    console: consoleSchema,
  })
  .prefault({})
  .describe('The service: `evergrant serve`.')
