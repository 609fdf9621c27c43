import { describe, expect, it } from 'vitest'
import {
  config,
  connection,
  credential,
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
