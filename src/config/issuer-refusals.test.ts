import { describe, expect, it } from 'vitest'
import {
  entraIssuer as entra,
  issuers,
  oidcIssuer as oidc,
  problemAt,
  refused,
  tenantId as tenant,
  type IssuerFields,
} from '../../test/support/config-text.ts'

const byId = '{ claim: oid, column: id }'
const byMail = '{ claim: email, column: mail, acceptMutable: true }'

type Row = readonly [what: string, fields: IssuerFields, path: string, seen: string, remedy: string]

const entraRows: readonly Row[] = [
  [
    'UserInfo alone and the default rule, whose claim it does not tell',
    { claims: '[userinfo]', userinfo: '{ acceptAnyAudience: true }' },
    'claims',
    'UserInfo of Entra ID alone',
    'Write claims: [token]',
  ],
  ...['oid', 'upn', 'tid', 'groups', 'preferred_username'].map((claim): Row => [
    `the claim ${claim} of UserInfo, which never tells it`,
    {
      claims: '[userinfo]',
      userinfo: '{ acceptAnyAudience: true }',
      match: `[{ claim: ${claim}, column: employeeId, acceptMutable: true }]`,
    },
    'match[0].claim',
    `"${claim}"`,
    'match by the token’s { claim: oid, column: id }',
  ]),
  [
    'a claim of UserInfo under its address',
    {
      claims: '[userinfo]',
      userinfo: '{ acceptAnyAudience: true }',
      match:
        '[{ claim: "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn", column: mail, acceptMutable: true }]',
    },
    'match[0].claim',
    '"http://schemas.xmlsoap.org',
    'claims: [token]',
  ],
  [
    'a source that is not asked',
    { match: '[{ claim: oid, column: id, source: userinfo }]' },
    'match[0].source',
    '"userinfo"',
    'add userinfo to "claims"',
  ],
  [
    'a source that is not asked, in a pair',
    {
      match:
        '[{ all: [{ claim: oid, column: id }, { claim: emp, column: employeeId, source: id_token }] }]',
    },
    'match[0].all[1].source',
    '"id_token"',
    'Remove it',
  ],
  [
    'settings of UserInfo, which is not asked',
    { userinfo: '{ acceptAnyAudience: true }' },
    'userinfo.acceptAnyAudience',
    'the boolean true',
    'add userinfo to "claims"',
  ],
  [
    'settings of introspection, which is not asked',
    { introspection: '{ clients: [a] }' },
    'introspection.clients',
    'a list',
    'Remove it',
  ],
  ...[
    ['email', 'mail'],
    ['upn', 'userPrincipalName'],
    ['preferred_username', 'userPrincipalName'],
    ['unique_name', 'mail'],
    ['name', 'displayName'],
    ['phone_number', 'mobilePhone'],
    ['given_name', 'givenName'],
    ['"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"', 'mail'],
  ].map(([claim, column]): Row => [
    `${claim} as all that a rule rests on`,
    { match: `[{ claim: ${claim}, column: ${column} }]` },
    'match[0]',
    ' alone',
    'add acceptMutable: true',
  ]),
  [
    'claims that change beside a tenant, which says nothing of whom',
    {
      match: '[{ all: [{ claim: email, column: mail }, { claim: tid, column: employeeOrgData }] }]',
    },
    'match[0]',
    '"email" and "tid"',
    'acceptMutable: true',
  ],
  [
    'a claim that all callers of a tenant share',
    { match: '[{ claim: tid, column: companyName, acceptMutable: true }]' },
    'match[0]',
    '"tid" alone',
    'oid, column: id',
  ],
  [
    '`sub`, which is another one for each application, as the object id',
    { match: '[{ claim: sub, column: id }]' },
    'match[0].column',
    '"id"',
    'Write { claim: oid, column: id }',
  ],
  [
    'the application id as the object id',
    { match: '[{ claim: azp, column: id }]' },
    'match[0].column',
    '"id"',
    'column: appId',
  ],
  [
    'an object id as an address',
    { match: '[{ claim: oid, column: userPrincipalName }]' },
    'match[0].column',
    '"userPrincipalName"',
    'column: id',
  ],
  [
    'an address as the object id',
    { match: '[{ claim: upn, column: id, acceptMutable: true }]' },
    'match[0].column',
    '"id"',
    'claim: oid',
  ],
  [
    'a claim’s name for a column',
    { match: '[{ claim: upn, column: upn, acceptMutable: true }]' },
    'match[0].column',
    '"upn"',
    'Did you mean "userPrincipalName"?',
  ],
  [
    'a column in another spelling',
    { match: '[{ claim: emp, column: employeeid }]' },
    'match[0].column',
    '"employeeid"',
    'Did you mean "employeeId"?',
  ],
  [
    'a column that is a list',
    { match: '[{ claim: email, column: otherMails, acceptMutable: true }]' },
    'match[0].column',
    '"otherMails"',
    'Name a property such as id',
  ],
  [
    'a rule after one that always decides',
    { match: `[${byId}, { claim: upn, column: userPrincipalName, acceptMutable: true }]` },
    'match[1]',
    'one after rule 1, whose claims ("oid") every access token',
    'no other one is tried',
  ],
  [
    'a rule after one that needs less',
    {
      claims: '[token, id_token]',
      match: `[${byMail}, { all: [{ claim: email, column: mail }, { claim: emp, column: employeeId }] }]`,
    },
    'match[1]',
    'are there whenever this one’s are',
    'put it in front',
  ],
  [
    'the same rule twice',
    { claims: '[token, id_token]', match: `[${byMail}, ${byMail}]` },
    'match[1]',
    'one after rule 1',
    'Remove it',
  ],
  ...[
    '"https://graph.microsoft.com"',
    '"https://graph.microsoft.com/"',
    '"https://graph.microsoft.us"',
    '00000003-0000-0000-c000-000000000000',
    '"https://graph.windows.net"',
  ].map((audience): Row => [
    `the audience ${audience} of Graph`,
    { audiences: `[${audience}]` },
    'audiences[0]',
    audience.replaceAll('"', ''),
    'Expose an API',
  ]),
  ['no audience', { audiences: '[]' }, 'audiences', 'an empty list', 'evergrant explain'],
  ['an empty audience', { audiences: '[""]' }, 'audiences[0]', '""', 'Give it a value'],
  ['a blank audience', { audiences: '[" "]' }, 'audiences[0]', '" "', 'Give it a value'],
  [
    'audiences in one text',
    { audiences: '["api://orders api://stock"]' },
    'audiences[0]',
    '"api://orders api://stock"',
    'an entry of its own',
  ],
  ['every audience', { audiences: '["*"]' }, 'audiences[0]', '"*"', 'Name the audiences'],
  [
    'a scope as audience',
    { audiences: '[api://orders/.default]' },
    'audiences[0]',
    '"api://orders/.default"',
    'Write api://orders,',
  ],
  [
    'an application id in capitals',
    { audiences: '[2F0C1111-2222-4333-8444-555555555555]' },
    'audiences[0]',
    '"2F0C1111',
    'Write 2f0c1111-2222-4333-8444-555555555555',
  ],
  [
    'a permission with its API',
    { scopes: '[api://orders/Orders.Read]' },
    'scopes[0]',
    '"api://orders/Orders.Read"',
    'Write Orders.Read',
  ],
  ['a permission to sign in', { scopes: '[openid]' }, 'scopes[0]', '"openid"', 'app role'],
  [
    'all permissions at once',
    { scopes: '[.default]' },
    'scopes[0]',
    '".default"',
    'no token has it',
  ],
  [
    'permissions where UserInfo is all there is',
    {
      claims: '[userinfo]',
      userinfo: '{ acceptAnyAudience: true }',
      match: byMail.replace(/.*/, '[$&]'),
      scopes: '[Orders.Read]',
    },
    'scopes',
    'both',
    'every caller would be refused',
  ],
  [
    'access by what users choose',
    { access: '[{ claim: email, value: ann@example.com, role: admin }]' },
    'access[0].claim',
    '"email"',
    'Give people app roles',
  ],
  [
    'access by the name of an application',
    { access: '[{ app: orders-nightly, role: viewer }]' },
    'access[0].app',
    '"orders-nightly"',
    'Copy "Application (client) ID"',
  ],
  [
    'access by an application id in capitals',
    { access: '[{ app: 2F0C1111-2222-4333-8444-555555555555, role: viewer }]' },
    'access[0].app',
    '"2F0C1111',
    'Write 2f0c1111-2222',
  ],
  [
    'access by several permissions in one text',
    { access: '[{ claim: scp, value: "Orders.Read Orders.Write", role: viewer }]' },
    'access[0].value',
    '"Orders.Read Orders.Write"',
    'one rule for each',
  ],
  [
    'access by a permission with its API',
    { access: '[{ claim: scp, value: "api://orders/Orders.Read", role: viewer }]' },
    'access[0].value',
    '"api://orders/Orders.Read"',
    'Write Orders.Read',
  ],
  [
    'access by a claim that UserInfo does not tell',
    {
      claims: '[userinfo]',
      userinfo: '{ acceptAnyAudience: true }',
      match: '[]',
      access: '[{ claim: roles, value: A, role: viewer }]',
    },
    'access[0].claim',
    '"roles"',
    'claims: [token]',
  ],
  [
    'access by an application where UserInfo is all there is',
    {
      claims: '[userinfo]',
      userinfo: '{ acceptAnyAudience: true }',
      match: '[]',
      access: `[{ app: ${tenant}, role: viewer }]`,
    },
    'access[0].app',
    `"${tenant}"`,
    'users only',
  ],
  [
    'access by the name of a group',
    { access: '[{ group: admins, role: admin }]' },
    'access[0].group',
    '"admins"',
    'Copy "Object ID"',
  ],
  ['the kind of tokens of another standard', { type: 'at+jwt' }, 'type', '"at+jwt"', 'entra'],
]

const oidcRows: readonly Row[] = [
  [
    'an ID token that UserInfo would be asked with',
    { claims: '[id_token, userinfo]' },
    'claims',
    'a list',
    'Write claims: [token, userinfo]',
  ],
  [
    'an address as the object id',
    { match: '[{ claim: email, column: id, acceptMutable: true }]' },
    'match[0].column',
    '"id"',
    'oid',
  ],
  [
    'an address as all that a rule rests on',
    { match: '[{ claim: email, column: mail }]' },
    'match[0]',
    '"email" alone',
    'acceptMutable: true',
  ],
  [
    'rules without a tenant',
    { tenant: undefined, match: '[{ claim: sub, column: employeeId }]' },
    'match[0]',
    'neither "tenant" nor "acrossTenants"',
    'Add tenant',
  ],
  ...['common', 'organizations', 'consumers'].map((name): Row => [
    `the endpoint ${name} of Entra`,
    { issuer: `https://login.microsoftonline.com/${name}/v2.0` },
    'issuer',
    `"https://login.microsoftonline.com/${name}/v2.0"`,
    'Write type: entra, tenants: [the id of each tenant]',
  ]),
  [
    'a tenant of Entra',
    { issuer: `https://login.microsoftonline.com/${tenant}/v2.0` },
    'issuer',
    '"https://login.microsoftonline.com/1111',
    `tenants: [${tenant}]`,
  ],
  [
    'version 1 of a tenant in another cloud',
    { issuer: `https://sts.chinacloudapi.cn/${tenant}/` },
    'issuer',
    '"https://sts.chinacloudapi.cn/1111',
    'cloud: china',
  ],
  [
    'the address of metadata',
    { issuer: 'https://sso.example.com/a/.well-known/openid-configuration' },
    'issuer',
    '"https://sso.example.com/a/.well-known',
    'such as https://sso.example.com/a.',
  ],
]

describe('an issuer is refused', () => {
  it.each(entraRows)('at Entra ID with %s', (_what, fields, path, seen, remedy) => {
    expectProblem(entra(fields), path, seen, remedy)
  })
  it.each(oidcRows)('elsewhere with %s', (_what, fields, path, seen, remedy) => {
    expectProblem(oidc(fields), path, seen, remedy)
  })

  function expectProblem(written: string, path: string, seen: string, remedy: string): void {
    const problem = problemAt(issuers({ one: written }), `issuers.one.${path}`)
    expect(problem.seen).toContain(seen)
    expect(problem.remedy).toContain(remedy)
    expect(problem.line).toBeGreaterThan(0)
  }
})

describe('two issuers are refused', () => {
  const other = '22222222-3333-4333-8444-555555555555'
  it('when both accept a tenant', () => {
    const text = issuers({
      one: entra({}),
      two: entra({ tenants: `[${other}, ${tenant.toUpperCase()}]` }),
    })
    expect(problemAt(text, 'issuers.two.tenants[1]')).toMatchObject({
      seen: expect.stringContaining('a second time, as in "one"') as string,
      remedy: expect.stringContaining('into "one"') as string,
    })
    expect(refused(text).problems).toHaveLength(1)
  })

  it('when only version 1 tokens of a tenant could be of both', () => {
    const text = issuers({ one: entra({}), two: entra({ authority: 'https://login.example.com' }) })
    expect(problemAt(text, 'issuers.two.tenants[0]').seen).toContain('"one"')
  })

  it('when both are one address', () => {
    const text = issuers({ one: oidc({}), two: oidc({ audiences: '[stock]' }) })
    expect(problemAt(text, 'issuers.two.issuer').seen).toContain('as in "one"')
  })
})
