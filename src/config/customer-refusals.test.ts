import { describe, expect, it } from 'vitest'
import {
  accepted,
  config,
  connection,
  importing,
  problemAt,
} from '../../test/support/config-text.ts'

const at = 'connections.contoso-graph.customers'
const partner = (fields: Readonly<Record<string, string>>): string =>
  config({ connection: connection({ grant: 'authorization_code', customers: '{}', ...fields }) })

describe('customers are refused', () => {
  it.each<[string, string, string, string]>([
    ['for an application', partner({ grant: 'client_credentials' }), at, 'client_credentials'],
    ['for a template', partner({ tenant: '"*"' }), at, 'a grant for every tenant'],
    [
      'where the provider has no tenants',
      partner({ provider: 'ping', scope: 'read' }),
      at,
      'only Entra',
    ],
    ['as a flag', partner({ customers: 'true' }), at, 'a boolean'],
    ['that are no tenants', partner({ customers: '{ sample: [common] }' }), `${at}.sample[0]`, ''],
    ['in great number', partner({ customers: '{ first: 21 }' }), `${at}.first`, '21'],
    [
      'with permissions that are several words',
      partner({ requires: '["User.Read Mail.Send"]' }),
      'connections.contoso-graph.requires[0]',
      '',
    ],
  ])('%s', (_, text, path, seen) => {
    const problem = problemAt(text, path)
    expect(`${problem.seen} ${problem.remedy}`).toContain(seen)
  })

  it('by an import of a connection that has none', () => {
    const problem = problemAt(
      importing('{ connection: contoso-graph@a.de, collections: [users], to: "ndjson:out" }'),
      'imports.nightly.connection',
    )
    expect(problem.remedy).toContain('`customers`')
  })
})

describe('customers', () => {
  it('are tried as it is written, or the first of the list', () => {
    const of = (fields: Readonly<Record<string, string>>): unknown =>
      accepted(partner(fields)).connections['contoso-graph']?.customers
    expect(of({})).toEqual({ sample: [], first: 1, isRequired: false })
    expect(of({ customers: '{ sample: [A.de], required: true }' })).toEqual({
      sample: ['a.de'],
      first: 1,
      isRequired: true,
    })
  })

  it('may be imported from', () => {
    const entry = '{ connection: contoso-graph@a.de, collections: [users], to: "ndjson:out" }'
    const of = connection({ grant: 'authorization_code', customers: '{}' })
    expect(accepted(importing(entry, { connection: of })).imports['nightly']?.connection).toBe(
      'contoso-graph@a.de',
    )
  })

  it('count permissions together that stand beside one target', () => {
    const upstreams = '{ a: { url: "https://graph.microsoft.com", requires: [A.B] } }'
    const read = accepted(partner({ requires: '[C.D]', upstreams })).connections['contoso-graph']
    const target = { resource: 'https://graph.microsoft.com' }
    expect(read?.requires).toEqual([
      { target, scopes: ['C.D'] },
      { target, scopes: ['A.B'] },
    ])
  })
})
