import { describe, expect, it } from 'vitest'
import { accepted, config, connection } from '../../test/support/config-text.ts'
import { peekedAnswer, type AnswerParts } from '../../test/support/peeked-answer.ts'
import { rejectionPresetNames } from '../config/index.ts'
import { rejectionPresets } from './rejection-presets.ts'
import { compileRules } from './rejection-rules.ts'
import { ruleYaml } from './rule-yaml.ts'

type Row = readonly [preset: string, what: string, answer: AnswerParts]

const minute = 60_000
const soapFault = (code: string): string =>
  `<?xml version="1.0"?><soapenv:Envelope><soapenv:Body><soapenv:Fault><faultcode>sf:${code}</faultcode><faultstring>${code}: Invalid Session ID found in SessionHeader</faultstring></soapenv:Fault></soapenv:Body></soapenv:Envelope>`
const signIn = '<!DOCTYPE html><html><head><title>Azure DevOps Services | Sign  In</title>'
const html = { 'content-type': 'text/html; charset=utf-8' }
const tf400813 = (user: string): unknown => ({
  $id: '1',
  message: `TF400813: The user '${user}' is not authorized to access this resource.`,
  typeKey: 'UnauthorizedRequestException',
})
const error = (code: unknown, message: string): unknown => ({ error: { code, message } })

const refusals: readonly Row[] = [
  [
    'graph',
    'an expired token behind a gateway',
    {
      status: 403,
      json: error('InvalidAuthenticationToken', 'Lifetime validation failed, token is expired.'),
    },
  ],
  [
    'graph',
    'an expired token of ARM',
    {
      status: 400,
      json: error('ExpiredAuthenticationToken', 'The access token expiry is in the past: expired.'),
    },
  ],
  [
    'power-bi',
    'TokenExpired',
    {
      status: 403,
      json: error('TokenExpired', 'Access token has expired, resubmit with a new access token'),
    },
  ],
  ['fabric', 'an empty 403 to an old token', { status: 403, body: '', tokenAgeMs: 50 * minute }],
  [
    'databricks',
    'the reason phrase',
    { status: 403, headers: { 'x-databricks-reason-phrase': 'JWT has expired' }, body: '' },
  ],
  ['databricks', 'its words', { status: 400, json: { message: 'Error: JWT has  expired' } }],
  [
    'databricks',
    'an exception',
    { status: 400, body: 'io.jsonwebtoken.ExpiredJwtException: JWT expired at 2024' },
  ],
  [
    'databricks',
    'a token in its last seconds',
    { status: 403, json: { error_code: 403, message: 'Token is expiring within 30 seconds' } },
  ],
  ['azure-devops', 'a page to sign in', { status: 203, headers: html, body: signIn }],
  [
    'azure-devops',
    'a way to sign in',
    {
      status: 302,
      headers: { location: 'https://spsprodweu1.vssps.visualstudio.com/_signin?realm=dev' },
      body: '',
    },
  ],
  [
    'azure-devops',
    'a way to Entra',
    {
      status: 302,
      headers: { location: 'https://login.microsoftonline.com/common/oauth2/authorize?x=1' },
      body: '',
    },
  ],
  ['azure-devops', 'TF400813 for nobody', { status: 403, json: tf400813('') }],
  [
    'azure-devops',
    'TF400813 for the anonymous one',
    { status: 403, json: tf400813('aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa') },
  ],
  ['salesforce', 'a SOAP fault', { status: 500, body: soapFault('INVALID_SESSION_ID') }],
  [
    'salesforce',
    'the identity URL',
    { status: 403, body: 'Bad_OAuth_Token', path: '/id/00D000000000001/005000000000001' },
  ],
  [
    'salesforce',
    'the Bulk API',
    {
      status: 400,
      body: '<error><exceptionCode>InvalidSessionId</exceptionCode></error>',
      path: '/services/async/58.0/job',
    },
  ],
  [
    'amazon-sp-api',
    'in the details',
    {
      status: 403,
      json: {
        errors: [
          {
            code: 'Unauthorized',
            message: 'Access to requested resource is denied.',
            details: 'The access token you provided has expired.',
          },
        ],
      },
    },
  ],
  [
    'amazon-sp-api',
    'in the message',
    {
      status: 403,
      json: {
        errors: [
          {
            code: 'Unauthorized',
            message: 'The access token you provided has expired.',
            details: '',
          },
        ],
      },
    },
  ],
  ['bungie', 'code 99', { status: 500, json: { ErrorCode: 99, ErrorStatus: 'WebAuthRequired' } }],
  ['firebolt', 'words alone', { status: 500, body: 'Query failed: JWT expired at 1700000000' }],
  ['firebolt', 'other words', { status: 500, body: 'Engine error. Token has expired' }],
  ['firebolt', 'more words', { status: 500, body: 'Your token is expired' }],
  ['firebolt', 'few words', { status: 500, body: 'Token expired' }],
  [
    'marketo',
    '602',
    {
      status: 200,
      json: { requestId: 'a', success: false, errors: [{ code: '602', message: 'expired' }] },
    },
  ],
  ['marketo', '601', { status: 200, json: { success: false, errors: [{ code: '601' }] } }],
  [
    'wechat',
    '40001 as plain text',
    {
      status: 200,
      headers: { 'content-type': 'text/plain' },
      body: '{ "errcode" : 40001, "errmsg": "invalid credential" }',
    },
  ],
  ['wechat', '42001', { status: 200, json: { errcode: 42_001, errmsg: 'access_token expired' } }],
  ['slack', 'token_expired', { status: 200, json: { ok: false, error: 'token_expired' } }],
  [
    'meta',
    '190/463',
    {
      status: 400,
      json: {
        error: { message: 'x', type: 'OAuthException', code: 190, error_subcode: 463 },
      },
    },
  ],
  ['arcgis', '498', { status: 200, body: '{ "error" : { "code" : 498, "message": "Invalid" } }' }],
  ['arcgis', '499', { status: 200, json: error(499, 'Token Required') }],
  ['netatmo', 'code 3', { status: 403, json: error(3, 'Access token expired') }],
  [
    'halopsa',
    'a 400 about the token to an old one',
    { status: 400, body: 'Token not found', tokenAgeMs: 55 * minute },
  ],
  ['halopsa', 'an empty 400 to an old one', { status: 400, body: '', tokenAgeMs: 55 * minute }],
]

const nearMisses: readonly Row[] = [
  [
    'graph',
    'a missing permission',
    { status: 403, json: error('Authorization_RequestDenied', 'Insufficient privileges') },
  ],
  [
    'graph',
    'a wrong audience',
    {
      status: 401,
      json: error(
        'InvalidAuthenticationToken',
        'Access token validation failure. Invalid audience.',
      ),
    },
  ],
  [
    'power-bi',
    'a missing permission',
    { status: 403, json: error('PowerBINotAuthorizedException', 'TokenExpired? No.') },
  ],
  [
    'power-bi',
    'the code cut off',
    { status: 403, body: '{"error":{"code":"TokenExpired"', isBodyComplete: false },
  ],
  ['fabric', 'an empty 403 to a young token', { status: 403, body: '', tokenAgeMs: 49 * minute }],
  ['fabric', 'a 403 that says why', { status: 403, body: 'no', tokenAgeMs: 80 * minute }],
  [
    'fabric',
    'an empty 403 to HEAD',
    { status: 403, body: '', method: 'HEAD', tokenAgeMs: 80 * minute },
  ],
  [
    'fabric',
    'a 403 whose body did not come in time',
    { status: 403, body: '', isBodyComplete: false, tokenAgeMs: 80 * minute },
  ],
  [
    'databricks',
    'a missing permission',
    {
      status: 403,
      json: { error_code: 'PERMISSION_DENIED', message: 'User does not have EXECUTE' },
    },
  ],
  [
    'databricks',
    'another reason phrase',
    { status: 403, headers: { 'x-databricks-reason-phrase': 'Invalid access' }, body: '' },
  ],
  ['azure-devops', 'a 203 with data', { status: 203, json: { value: 'sign in' } }],
  [
    'azure-devops',
    'a redirect to a file',
    { status: 302, headers: { location: 'https://blob.example.com/file.zip' }, body: '' },
  ],
  ['azure-devops', 'TF400813 for somebody', { status: 403, json: tf400813('ann@contoso.com') }],
  [
    'salesforce',
    'a 403 of another path',
    { status: 403, body: 'Bad_OAuth_Token', path: '/services/data/v58.0/query' },
  ],
  ['salesforce', 'another SOAP fault', { status: 500, body: soapFault('UNKNOWN_EXCEPTION') }],
  [
    'salesforce',
    'a session not good for REST',
    {
      status: 403,
      json: [{ errorCode: 'INVALID_SESSION_ID', message: 'This session is not valid for use' }],
      path: '/services/data/v58.0/query',
    },
  ],
  [
    'amazon-sp-api',
    'a missing role',
    {
      status: 403,
      json: {
        errors: [{ code: 'Unauthorized', message: 'Access to requested resource is denied.' }],
      },
    },
  ],
  [
    'bungie',
    'another error',
    { status: 500, json: { ErrorCode: 5, ErrorStatus: 'SystemDisabled' } },
  ],
  [
    'firebolt',
    'a stack trace',
    { status: 500, body: 'java.lang.NullPointerException\n\tat Tokenizer.next(Tokenizer.java:7)' },
  ],
  ['marketo', 'a limit', { status: 200, json: { success: false, errors: [{ code: '606' }] } }],
  ['marketo', 'a success with 602 in it', { status: 200, json: { result: [{ code: '602' }] } }],
  ['wechat', 'a success', { status: 200, json: { errcode: 0, errmsg: '40001' } }],
  ['slack', 'a revoked token', { status: 200, json: { ok: false, error: 'token_revoked' } }],
  ['slack', 'a message', { status: 200, json: { ok: true, text: 'token_expired' } }],
  [
    'meta',
    'a changed password',
    {
      status: 400,
      json: { error: { type: 'OAuthException', code: 190, error_subcode: 460 } },
    },
  ],
  ['arcgis', 'another error', { status: 200, json: error(400, 'Unable to complete: 498') }],
  ['netatmo', 'a missing scope', { status: 403, json: error(13, 'scope missing') }],
  ['halopsa', 'a bad request to a young token', { status: 400, body: 'token missing in body' }],
]

/** What no pack may take for an expired token. */
const ofNobody: readonly (readonly [what: string, answer: AnswerParts])[] = [
  [
    'Xero, asked for another tenant',
    {
      status: 403,
      json: { Title: 'Forbidden', Status: 403, Detail: 'AuthenticationUnsuccessful' },
      tokenAgeMs: 20 * minute,
    },
  ],
  ['a plain 403', { status: 403, json: error('Forbidden', 'You may not do this') }],
  ['a 500', { status: 500, body: 'Traceback (most recent call last): KeyError: "token"' }],
  ['a 429', { status: 429, body: 'slow down' }],
  ['a 200', { status: 200, json: { value: [{ id: 1, error: null }] } }],
]

describe.each(Object.keys(rejectionPresets))('the preset %s', (preset) => {
  it.each(ofNobody)('leaves alone %s', (_what, parts) => {
    expect(compileRules([preset]).judge(peekedAnswer(parts)).kind).toBe('not_about_token')
  })

  it('is described, and has answers that prove each of its rules', () => {
    const { api, about, rules } = rejectionPresets[preset] ?? { api: '', about: '', rules: [] }
    expect(api).not.toBe('')
    expect(about).toMatch(/\.$/)
    expect(rules.length).toBeGreaterThan(0)
    const judge = compileRules([preset])
    const proven = new Set(
      refusals.map(([, , parts]) => {
        const verdict = judge.judge(peekedAnswer(parts))
        return verdict.kind === 'refused' ? verdict.rule : undefined
      }),
    )
    expect(rules.map(({ name }) => name).filter((name = '') => !proven.has(name))).toEqual([])
  })
})

describe('the presets', () => {
  it('are those that the configuration knows, microsoft holding the ones of Microsoft', () => {
    expect(Object.keys(rejectionPresets)).toHaveLength(rejectionPresetNames.length)
    expect(new Set(Object.keys(rejectionPresets))).toEqual(new Set(rejectionPresetNames))
    const parts = ['graph', 'power-bi', 'fabric', 'databricks', 'azure-devops']
    expect(new Set(rejectionPresets['microsoft']?.rules)).toEqual(
      new Set(parts.flatMap((name) => rejectionPresets[name]?.rules ?? [])),
    )
  })

  it('can be written out as rules of one’s own', () => {
    const rules = Object.values(rejectionPresets).flatMap((preset) => preset.rules)
    const rejected = `[${rules.map(ruleYaml).join(', ')}]`
    const upstream = `{ url: https://api.example.com, scope: a/.default, rejected: ${rejected} }`
    const { connections } = accepted(config({ connection: connection({ upstream }) }))
    const written = connections['contoso-graph']?.upstreams['']
    expect(written !== undefined && 'rejected' in written && written.rejected).toEqual(rules)
  })
})

describe('a preset', () => {
  it.each(refusals)('%s recognises %s', (preset, _what, parts) => {
    const rules = compileRules([preset])
    const answer = peekedAnswer(parts)
    const verdict = rules.judge(answer)
    expect(verdict).toMatchObject({ kind: 'refused' })
    expect(verdict.kind === 'refused' && verdict.rule.startsWith(preset)).toBe(true)
    expect(rules.isSuspicious(answer.status, answer.headers)).not.toBe('no')
    expect(compileRules([]).judge(answer).kind).toBe('not_about_token')
  })

  it.each(nearMisses)('%s leaves alone %s', (preset, _what, parts) => {
    expect(compileRules([preset]).judge(peekedAnswer(parts))).toMatchObject({
      kind: 'not_about_token',
    })
  })
})

describe('the preset microsoft', () => {
  const parts = ['graph', 'power-bi', 'fabric', 'databricks', 'azure-devops']

  it.each(refusals.filter(([preset]) => parts.includes(preset)))(
    'knows what %s knows: %s',
    (_preset, _what, answer) => {
      expect(compileRules(['microsoft']).judge(peekedAnswer(answer)).kind).toBe('refused')
    },
  )

  it.each(nearMisses.filter(([preset]) => parts.includes(preset)))(
    'leaves alone what %s leaves alone: %s',
    (_preset, _what, answer) => {
      expect(compileRules(['microsoft']).judge(peekedAnswer(answer)).kind).toBe('not_about_token')
    },
  )
})
