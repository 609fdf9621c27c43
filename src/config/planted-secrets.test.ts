import { describe, expect, it } from 'vitest'
import {
  config,
  connection,
  credential,
  importing,
  problemAt,
  refused,
} from '../../test/support/config-text.ts'

describe('a secret that stands in the file', () => {
  const planted = 'hunter2-xyz'
  it.each([
    ['in place of its reference', credential(`{ secret: ${planted} }`)],
    ['in place of the credential', credential(planted)],
    [
      'in place of the list',
      config({ connection: connection({ client: `{ id: app, credentials: ${planted} }` }) }),
    ],
    ['in place of the client', config({ connection: connection({ client: planted }) })],
    ['as the name of a variable', credential(`{ secret: { env: ${planted} } }`)],
    ['as an unknown key of the reference', credential(`{ secret: { ${planted}: } }`)],
    ['as the value of an unknown key', credential(`{ secret: { value: ${planted} } }`)],
    [
      'as a field of the client',
      config({ connection: connection({ client: `{ id: app, secret: ${planted} }` }) }),
    ],
    ['as an encryption key', config({ encryption: `{ keys: [${planted}] }` })],
    ['as the whole encryption', config({ encryption: planted })],
    ['in the URL of the store', `store: postgres://user:${planted}@host/db`],
    ['in a store’s URL that is none', `store: "postgres://user:${planted}@host:port/db"`],
    ['in a store’s URL after a slash', `store: "postgres://user:pa/${planted}@host/db"`],
    ['in a store’s URL after an at sign', `store: "postgres://user:p@${planted}@host/db"`],
    ['in a store’s URL after a hash', `store: "postgres://user:p#${planted}@host/db"`],
    ['in a store’s URL of a misspelt kind', `store: "postgre://user:${planted}@host/db"`],
    ['in a store’s URL without a kind', `store: "user:${planted}@host/db"`],
    ['in a store’s connection string', `store: "host=db user=eg password=${planted} dbname=eg"`],
    ['in a store’s connection string in quotes', `store: "Server=db;Pwd = 'a ${planted}';"`],
    [
      'in a proxy’s address without a kind',
      config({ more: `network: { proxy: "u:${planted}@h:1" }` }),
    ],
    ['in the query of a store’s URL', `store: postgres://user@host/db?password=${planted}`],
    [
      'in place of the password’s reference',
      `store: { url: postgres://u@h/d, password: ${planted} }`,
    ],
    [
      'in place of the key of a policy',
      importing(
        `{ connection: contoso-graph, collections: [users], policy: { hash: { columns: [mail], key: ${planted} } } }`,
      ),
    ],
    ['beside the reference', `store: { url: "postgres://u:${planted}@h/d", password: { env: A } }`],
    [
      'in the URL of a proxy',
      config({ more: `network: { proxy: http://u:${planted}@host:3128 }` }),
    ],
    [
      'in the URL of a proxy with a password',
      config({
        more: `network: { proxy: { url: "http://u:${planted}@host", password: { env: A } } }`,
      }),
    ],
    [
      'in place of a proxy’s password',
      config({ more: `network: { proxy: { url: http://u@localhost, password: ${planted} } }` }),
    ],
    [
      'in the URL of a destination',
      importing(`{ connection: a, collections: [users], to: "postgres://u:${planted}@host/db" }`),
    ],
    [
      'in the URL of an upstream',
      config({ connection: connection({ upstream: `{ url: "https://u:${planted}@host" }` }) }),
    ],
    [
      'in an endpoint',
      config({ provider: `{ type: oauth2, tokenEndpoint: "https://u:${planted}@host/token" }` }),
    ],
    ['as a command', credential(`{ secret: { exec: ${planted} } }`)],
    ['among the words of a command', credential(`{ secret: { exec: [a, { ${planted}: 1 }] } }`)],
    ['in place of a certificate', credential(`{ certificate: ${planted} }`)],
    ['in place of an assertion', credential(`{ federated: ${planted} }`)],
    ['as a slot of the store', credential(`{ secret: { sealed: ${planted} } }`)],
    ['in an issuer', config({ provider: `{ type: oidc, issuer: https://u:${planted}@host }` })],
    [
      'in the query of an issuer',
      config({ provider: `{ type: oidc, issuer: https://host?code=${planted} }` }),
    ],
    ['as the whole file', planted],
  ])('is refused %s and never repeated', (_, text) => {
    const error = refused(text)
    expect(JSON.stringify([error.message, error.detail, error.problems])).not.toContain(planted)
  })

  it('is told by its form even in a field that is usually shown', () => {
    const entraSecret = 'abc8Q~abcdefghijklmnopqrstuvwxyz0123456'
    const { detail } = refused(config({ connection: connection({ provider: entraSecret }) }))
    expect(detail).not.toContain(entraSecret)
    expect(detail).toContain('a text of 39 characters (not shown)')
  })

  it('comes with the advice to replace it', () => {
    const path = 'connections.contoso-graph.client.credentials[0].secret'
    expect(problemAt(credential(`{ secret: ${planted} }`), path)).toMatchObject({
      seen: 'a text of 11 characters (not shown)',
      remedy: expect.stringMatching(
        /^Secrets never stand in this file: .* replace it\.$/,
      ) as string,
    })
  })
})
