import { attackBy, type Attack } from './attack.ts'
import { iss, otherIss, otherTid, tid, type Forge } from './forge.ts'
import { signToken } from '../support/token-maker.ts'

const times = 'time: token_time_invalid'
const audienceRefused = 'audience: token_audience_refused'
const issuerUnknown = 'issuer: token_issuer_unknown'
const tenantRefused = 'tenant: token_tenant_refused'
const wrongKind = 'token_kind: token_kind_wrong'
const host = 'https://login.microsoftonline.com'

/** An honest token in all but one claim. */
function claiming(
  row: number,
  verdict: string,
  what: string,
  more: object | ((forge: Forge) => object),
): Attack {
  return attackBy(row, verdict, what, (forge) =>
    forge.signed(typeof more === 'function' ? more(forge) : more),
  )
}

const without = (...names: readonly string[]): object =>
  Object.fromEntries(names.map((name) => [name, undefined]))

/** Rows 13 to 20: what an issuer signed all right, and what still must not be accepted. */
export const claimAttacks: readonly Attack[] = [
  claiming(13, times, 'no `exp`', without('exp')),

  claiming(14, times, '`exp` as text', ({ now }) => ({ exp: String(now + 3_600) })),
  claiming(14, times, '`exp` null', { exp: null }),
  claiming(14, times, '`exp` false', { exp: false }),
  claiming(14, times, '`exp` in a list', ({ now }) => ({ exp: [now + 3_600] })),
  claiming(14, times, '`exp` 0', { exp: 0 }),
  claiming(14, times, 'a negative `exp`', { exp: -1 }),
  attackBy(14, times, '`exp` 1e999', ({ keys, claims }) =>
    signToken(keys.ours, JSON.stringify(claims()).replace(/"exp":\d+/, '"exp":1e999')),
  ),
  claiming(14, times, '`exp` after the year 9999', { exp: 253_402_300_800 }),
  claiming(14, times, 'a life of ten years', ({ now }) => ({ exp: now + 315_360_000 })),
  claiming(14, times, 'a life of ten years, and no `iat`', ({ now }) => ({
    ...without('iat', 'nbf'),
    exp: now + 315_360_000,
  })),
  claiming(14, times, 'a life of ten years, and `iat` a text', ({ now }) => ({
    iat: 'now',
    exp: now + 315_360_000,
  })),
  claiming(14, 'time: token_expired', 'an `exp` two minutes ago', ({ now }) => ({
    iat: now - 3_720,
    nbf: now - 3_720,
    exp: now - 120,
  })),
  claiming(14, 'time: token_expired', 'an `exp` 60.5 seconds ago', ({ now }) => ({
    iat: now - 3_720,
    nbf: now - 3_720,
    exp: now - 60.5,
  })),

  claiming(15, times, '`nbf` two minutes ahead', ({ now }) => ({ nbf: now + 120 })),
  claiming(15, times, '`nbf` as text', { nbf: 'now' }),
  claiming(15, times, '`nbf` behind `exp`', ({ now }) => ({ nbf: now + 7_200 })),
  claiming(15, times, '`iat` two minutes ahead', ({ now }) => ({ iat: now + 120 })),
  claiming(15, times, '`iat` behind `exp`', ({ now }) => ({ iat: now + 7_200 })),
  claiming(15, times, '`iat` as text', { iat: 'now' }),
  claiming(15, times, 'a negative `iat`', { iat: -1 }),

  claiming(16, audienceRefused, 'no `aud`', without('aud')),
  claiming(16, audienceRefused, '`aud` null', { aud: null }),
  claiming(16, audienceRefused, 'an empty `aud`', { aud: '' }),
  claiming(16, audienceRefused, 'an empty list as `aud`', { aud: [] }),
  claiming(16, audienceRefused, 'a number among the audiences', { aud: ['api://orders', 1] }),
  claiming(16, audienceRefused, 'null among the audiences', { aud: ['api://orders', null] }),
  claiming(16, audienceRefused, 'five hundred other audiences', {
    aud: Array.from({ length: 500 }, (_, at) => `api://${at}`),
  }),
  claiming(16, audienceRefused, 'audiences further in', { aud: [['api://orders']] }),
  claiming(16, audienceRefused, 'an object as `aud`', { aud: { 'api://orders': true } }),
  claiming(16, audienceRefused, 'an audience with a slash behind', { aud: 'api://orders/' }),
  claiming(16, audienceRefused, 'an audience with a blank behind', { aud: 'api://orders ' }),
  claiming(16, audienceRefused, 'an audience in capitals', { aud: 'API://orders' }),
  claiming(16, audienceRefused, 'an audience that begins so', { aud: 'api://orders-admin' }),
  claiming(16, audienceRefused, 'an audience that is a part', { aud: 'api://order' }),

  ...(
    [
      ['a slash behind', `${iss}/`],
      ['capitals', iss.toUpperCase()],
      ['another host that begins so', iss.replace('.com/', '.com.evil.example/')],
      ['the right host as user name', iss.replace('.com/', '.com@evil.example/')],
      ['a query', `${iss}?x`],
      ['a fragment', `${iss}#x`],
      ['an encoded slash', iss.replace('/v2.0', '%2Fv2.0')],
      ['the default port', iss.replace('.com/', '.com:443/')],
      ['a path that leads back', `${host}/x/../${tid}/v2.0`],
      ['a letter of another script', iss.replace('login', 'l\u043egin')],
      ['plain http', iss.replace('https', 'http')],
      ['a blank before', ` ${iss}`],
      ['the template', `${host}/{tenantid}/v2.0`],
      ['`common`', `${host}/common/v2.0`],
    ] as const
  ).map(([what, value]) => claiming(17, issuerUnknown, `\`iss\` with ${what}`, { iss: value })),
  claiming(17, issuerUnknown, '`iss` in a list', { iss: [iss] }),
  claiming(17, issuerUnknown, '`iss` in an object', { iss: { iss } }),
  claiming(17, issuerUnknown, 'no `iss`', without('iss')),
  claiming(17, issuerUnknown, '`iss` null', { iss: null }),

  claiming(18, tenantRefused, '`tid` of another tenant', { tid: otherTid }),
  claiming(18, tenantRefused, 'no `tid`', without('tid')),
  claiming(18, tenantRefused, '`tid` in capitals', { tid: tid.toUpperCase() }),
  claiming(18, tenantRefused, '`tid` in a list', { tid: [tid] }),
  attackBy(18, 'parse: token_malformed', '`tid` twice', ({ appended }) =>
    appended(`"tid":"${otherTid}"`),
  ),
  claiming(18, issuerUnknown, 'the tenant of consumers', {
    iss: `${host}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0`,
    tid: '9188040d-6c67-4c5b-b112-36a304b66dad',
  }),
  {
    ...claiming(18, tenantRefused, 'a key that is published for another tenant', {}),
    play: ({ verify, forge, issuer }) => {
      issuer.published = { keys: [{ ...forge.keys.ours.jwk, issuer: otherIss }] }
      return verify(forge.signed())
    },
  },

  attackBy(
    19,
    'signature: token_signature_invalid',
    'the key of another issuer, of the same name',
    ({ keys, claims }) => signToken(keys.other, claims()),
  ),
  attackBy(
    19,
    'signature: token_signature_invalid',
    '`iss` of another issuer, signed by the key of this one',
    ({ keys, claims }) => signToken(keys.ours, claims({ iss: otherIss, tid: otherTid })),
  ),

  claiming(20, wrongKind, 'what an ID token has (`nonce`, no `scp`)', {
    scp: undefined,
    nonce: 'n',
  }),
  claiming(20, wrongKind, '`at_hash`, as an ID token has', { at_hash: 'x' }),
  claiming(20, wrongKind, 'no permission at all', without('scp')),
  attackBy(20, wrongKind, '`typ` of a logout token', ({ signed }) =>
    signed({}, { typ: 'logout+jwt' }),
  ),
  claiming(20, audienceRefused, 'the audience of Microsoft Graph', {
    aud: '00000003-0000-0000-c000-000000000000',
  }),
  attackBy(
    20,
    'signature: token_signature_invalid',
    '`nonce` in its header, as a token for Microsoft Graph',
    ({ keys, claims }) => signToken(keys.stranger, claims(), { nonce: 'x' }),
  ),
  claiming(20, audienceRefused, 'the audience of another API', { aud: 'api://invoices' }),
  attackBy(
    20,
    'parse: token_opaque',
    'nothing to read, as a refresh token',
    () => `1.AX${'0a'.repeat(200)}`,
  ),
]
