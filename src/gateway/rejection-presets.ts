import { microsoftPresets } from './microsoft-presets.ts'
import type { RejectionPreset } from './preset.ts'

const minute = 60_000

/**
 * The packs by name. Each knows only markers that a valid token does not meet; a missing
 * permission, a revoked session and a fault of the API are none of them.
 */
export const rejectionPresets: Readonly<Record<string, RejectionPreset>> = {
  ...microsoftPresets,
  salesforce: {
    api: 'Salesforce: SOAP and Bulk APIs, identity URL',
    about:
      'SOAP faults come with 500, Bulk API 1.0 errors with 400, the identity URL says 403 in plain text. A 403 of any other path is a permission. REST answers 401.',
    rules: [
      { name: 'salesforce-soap', status: [500], text: 'INVALID_SESSION_ID</faultcode>' },
      {
        name: 'salesforce-bulk',
        status: [400],
        text: 'InvalidSessionId',
        path: '/services/async/**',
      },
      { name: 'salesforce-identity', status: [403], text: 'Bad_OAuth_Token', path: '/id/**' },
    ],
  },
  'amazon-sp-api': {
    api: 'Amazon Selling Partner API',
    about:
      'The code `Unauthorized` alone also means a missing role; only with the words about expiry it is about the token.',
    rules: [
      {
        name: 'amazon-sp-api',
        status: [403],
        json: { pointer: '/errors/0/code', equals: ['Unauthorized'] },
        text: 'access token you provided has expired',
      },
    ],
  },
  bungie: {
    api: 'Bungie.net Platform',
    about: '500 with `ErrorCode` 99, `WebAuthRequired`; other codes are no matter of the token.',
    rules: [{ name: 'bungie', status: [500], json: { pointer: '/ErrorCode', equals: [99] } }],
  },
  firebolt: {
    api: 'Firebolt',
    about: '500, told only by words in the body.',
    rules: [
      { name: 'firebolt-token-expired', status: [500], text: 'token expired' },
      { name: 'firebolt-token-is-expired', status: [500], text: 'token is expired' },
      { name: 'firebolt-token-has-expired', status: [500], text: 'token has expired' },
      { name: 'firebolt-jwt-expired', status: [500], text: 'jwt expired' },
    ],
  },
  marketo: {
    api: 'Adobe Marketo Engage REST',
    about:
      '200 with `errors`, the first of which has the code 602 (expired) or 601 (invalid). 600 and 603 (missing, not permitted) are not in.',
    rules: [
      {
        name: 'marketo',
        status: [200],
        json: { pointer: '/errors/0/code', equals: [601, 602] },
      },
    ],
  },
  wechat: {
    api: 'WeChat, WeCom and their relatives',
    about:
      '200 with `errcode` 40001 (not the newest), 40014 (invalid) or 42001 (expired), whatever the content type says.',
    rules: [
      {
        name: 'wechat',
        status: [200],
        json: { pointer: '/errcode', equals: [40_001, 40_014, 42_001] },
      },
    ],
  },
  slack: {
    api: 'Slack Web API',
    about:
      '200 with `error: token_expired`. `token_revoked`, `invalid_auth` and `account_inactive` need a person: a new token does not come by itself.',
    rules: [
      { name: 'slack', status: [200], json: { pointer: '/error', equals: ['token_expired'] } },
    ],
  },
  meta: {
    api: 'Meta Graph API: Facebook, Instagram',
    about:
      '400 with code 190 and subcode 463 (expired). 458 and 460 (application removed, password changed) need the person.',
    rules: [
      {
        name: 'meta',
        status: [400],
        json: { pointer: '/error/error_subcode', equals: [463] },
        text: 'OAuthException',
      },
    ],
  },
  arcgis: {
    api: 'ArcGIS REST',
    about:
      '200 with `error.code` 498 (invalid or expired) or 499 (a token is needed), as parsed JSON: blanks do not matter.',
    rules: [
      { name: 'arcgis', status: [200], json: { pointer: '/error/code', equals: [498, 499] } },
    ],
  },
  netatmo: {
    api: 'Netatmo',
    about:
      '403 with `error.code` 3 (expired) or 2 (invalid). 13 and others are missing scopes and rights.',
    rules: [{ name: 'netatmo', status: [403], json: { pointer: '/error/code', equals: [2, 3] } }],
  },
  halopsa: {
    api: 'HaloPSA',
    about:
      'Mostly 401, sometimes 400 without a marker of its own: only for tokens of 50 minutes and more, and only if the body is empty or speaks of a token.',
    rules: [
      { name: 'halopsa-empty', status: [400], isEmpty: true, tokenAgeMs: 50 * minute },
      { name: 'halopsa-token', status: [400], text: 'token', tokenAgeMs: 50 * minute },
    ],
  },
}
