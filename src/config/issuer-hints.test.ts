import { describe, expect, it } from 'vitest'
import {
  accepted,
  entraIssuer as entra,
  issuers,
  oidcIssuer as oidc,
  tenantId as tenant,
} from '../../test/support/config-text.ts'
import { configHints } from './config-hints.ts'

const byId = '{ claim: oid, column: id }'
const byMail = '{ claim: email, column: mail, acceptMutable: true }'

describe('an issuer is accepted', () => {
  it.each<[string, string]>([
    ['with nothing but what it needs', entra({})],
    ['elsewhere, with nothing but what it needs', oidc({ tenant: undefined })],
    ['with one rule by the object id', entra({ match: `[${byId}]` })],
    [
      'with the object id before other claims of an ID token',
      entra({ claims: '[id_token]', match: `[${byId}, ${byMail}]` }),
    ],
    ['with an address in front of the object id', entra({ match: `[${byMail}, ${byId}]` })],
    [
      'with two addresses, each accepted',
      entra({
        match:
          '[{ claim: upn, column: userPrincipalName, acceptMutable: true }, { claim: email, column: mail, acceptMutable: true }]',
      }),
    ],
    [
      'with an address beside a number of the employee',
      entra({
        match:
          '[{ all: [{ claim: email, column: mail }, { claim: employeeid, column: employeeId }] }]',
      }),
    ],
    [
      'with `sub` in a column of its own',
      entra({ match: '[{ claim: sub, column: extension_1234_subject }]' }),
    ],
    [
      'with applications by their ids',
      entra({
        match:
          '[{ claim: azp, column: appId }, { claim: appid, column: appId }, { claim: oid, column: id }]',
      }),
    ],
    [
      'with UserInfo and an address',
      entra({
        claims: '[userinfo]',
        userinfo: '{ acceptAnyAudience: true }',
        match: `[${byMail}]`,
      }),
    ],
    [
      'with UserInfo and the audience of Graph, whose tokens it takes',
      entra({
        audiences: '["https://graph.microsoft.com"]',
        claims: '[userinfo]',
        userinfo: '{ acceptAnyAudience: true }',
        match: `[${byMail}]`,
      }),
    ],
    ['with callers that need no account', entra({ match: '[]' })],
    [
      'with every form of audience',
      entra({
        audiences: `[api://orders, api://${tenant}, ${tenant}, "https://orders.example.com/", "urn:orders"]`,
      }),
    ],
    [
      'with permissions and roles',
      entra({
        scopes: '[Orders.Read, access_as_user]',
        access: `[{ claim: roles, value: Orders.Read, role: viewer }, { group: ${tenant}, role: admin }, { app: ${tenant}, connections: "*" }, { role: viewer }]`,
      }),
    ],
    [
      'elsewhere, with the audience and the scopes of any server',
      oidc({ audiences: '["https://graph.microsoft.com"]', scopes: '[openid, "https://x/read"]' }),
    ],
    [
      'elsewhere, with `sub` as the object id of the same directory',
      oidc({ match: '[{ claim: sub, column: id }]' }),
    ],
    [
      'elsewhere, with claims that UserInfo adds',
      oidc({
        claims: '[token, userinfo]',
        match: '[{ claim: groups_id, column: employeeId, source: userinfo }]',
      }),
    ],
    [
      'elsewhere, with the same claim of two sources',
      oidc({
        claims: '[token, userinfo]',
        match:
          '[{ claim: emp, column: employeeId, source: token }, { claim: emp, column: employeeId, source: userinfo }]',
      }),
    ],
    [
      'elsewhere, with access by an address',
      oidc({ access: '[{ claim: email, value: ann@example.com, role: viewer }]' }),
    ],
    [
      'at an address with a path and a slash',
      oidc({ issuer: 'https://sso.example.com/realms/a/' }),
    ],
  ])('%s', (_what, written) => {
    expect(Object.keys(accepted(issuers({ one: written })).issuers)).toEqual(['one'])
  })

  it('beside the same tenant in another cloud’s version 2, and other issuers', () => {
    const text = issuers({
      one: entra({}),
      two: entra({ tenants: '[22222222-3333-4333-8444-555555555555]' }),
      three: oidc({}),
      four: oidc({ issuer: 'https://sso.example.com/' }),
    })
    expect(Object.keys(accepted(text).issuers)).toHaveLength(4)
  })
})

describe('of an issuer it is hinted', () => {
  const group = '{ group: 33333333-4444-4333-8444-555555555555, role: viewer }'
  it.each<[string, string, string, string]>([
    [
      'that ids have no case',
      entra({ match: '[{ claim: oid, column: id, ignoreCase: true }]' }),
      'match[0]',
      'no "ignoreCase"',
    ],
    [
      'that a rule has a key',
      entra({ match: '[{ claim: oid, column: id, acceptMutable: true }]' }),
      'match[0]',
      'no "acceptMutable"',
    ],
    [
      'that one tenant can take accounts of another',
      entra({
        match: '[{ claim: email, column: mail, acceptMutable: true, acrossTenants: true }]',
      }),
      'match[0]',
      'administers one tenant',
    ],
    [
      'that everybody gets everything',
      entra({ access: '[{ role: admin, connections: "*" }]' }),
      'access[0]',
      'Everybody whose token is accepted gets the role "admin" and every connection',
    ],
    [
      'that a group may be missing in a claim',
      entra({ access: `[{ claim: groups, value: ${tenant}, role: viewer }]` }),
      'access[0]',
      `{ group: ${tenant} }`,
    ],
    [
      'that groups of the token are not all',
      entra({ access: `[${group}]` }),
      'access',
      'groups: { connection: NAME }',
    ],
    [
      'that nobody needs groups',
      entra({ groups: '{ connection: contoso-graph }' }),
      'groups',
      'no rule names one',
    ],
    [
      'that connections are not of the file',
      entra({ access: '[{ connections: [contoso-grap] }]' }),
      'access[0].connections',
      'Did you mean "contoso-graph"?',
    ],
    [
      'that the one for groups is not of the file',
      entra({ access: `[${group}]`, groups: '{ connection: other@contoso.com }' }),
      'groups.connection',
      'named "other"',
    ],
  ])('%s', (_what, written, path, words) => {
    const hints = configHints(accepted(issuers({ one: written })))
    expect(hints.map(({ askedBy }) => askedBy)).toEqual([`issuers.one.${path}`])
    expect(hints[0]?.hint).toContain(words)
  })

  it('nothing where all is as it should be', () => {
    const one = entra({
      match: `[${byMail}, ${byId}]`,
      groups: '{ connection: contoso-graph }',
      access: `[${group}, { connections: [contoso-graph], role: viewer }, { app: ${tenant}, connections: "*" }]`,
    })
    expect(configHints(accepted(issuers({ one, two: oidc({}) })))).toEqual([])
  })
})
