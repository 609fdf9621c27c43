import type { RejectionPreset } from './preset.ts'
import type { RejectionRule } from './settings.ts'

const graph: readonly RejectionRule[] = [
  {
    name: 'graph',
    status: [400, 403],
    json: {
      pointer: '/error/code',
      equals: [
        'InvalidAuthenticationToken',
        'Authentication_ExpiredToken',
        'ExpiredAuthenticationToken',
      ],
    },
    text: 'expired',
  },
]

const powerBi: readonly RejectionRule[] = [
  {
    name: 'power-bi',
    status: [403],
    json: { pointer: '/error/code', equals: ['TokenExpired'] },
  },
]

const fabric: readonly RejectionRule[] = [
  { name: 'fabric', status: [403], isEmpty: true, tokenAgeMs: 50 * 60_000 },
]

const databricks: readonly RejectionRule[] = [
  {
    name: 'databricks-header',
    status: [400, 403],
    header: { name: 'x-databricks-reason-phrase', contains: 'JWT has expired' },
  },
  { name: 'databricks-expired', status: [400, 403], text: 'JWT has expired' },
  { name: 'databricks-exception', status: [400, 403], text: 'ExpiredJwtException' },
  {
    name: 'databricks-expiring',
    status: [400, 403],
    text: 'Token is expiring within 30 seconds',
  },
]

const azureDevOps: readonly RejectionRule[] = [
  {
    name: 'azure-devops-page',
    status: [203],
    header: { name: 'content-type', contains: 'text/html' },
    text: 'sign in',
  },
  {
    name: 'azure-devops-redirect',
    status: [302],
    header: { name: 'location', contains: '/_signin' },
  },
  {
    name: 'azure-devops-login',
    status: [302],
    header: { name: 'location', contains: 'https://login.microsoftonline.com/' },
  },
  {
    name: 'azure-devops-nobody',
    status: [400, 403, 500],
    text: "TF400813: The user '' is not authorized",
  },
  {
    name: 'azure-devops-anonymous',
    status: [400, 403, 500],
    text: "TF400813: The user 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa' is not authorized",
  },
]

/** The packs for Microsoft’s APIs, one by one and as one. */
export const microsoftPresets = {
  microsoft: {
    api: 'Microsoft: the packs of Graph, Power BI, Fabric, Databricks and Azure DevOps in one',
    about: 'For an upstream that reaches several of them, or when in doubt.',
    rules: [...graph, ...powerBi, ...fabric, ...databricks, ...azureDevOps],
  },
  graph: {
    api: 'Microsoft Graph, Azure Resource Manager',
    about:
      'Both say 401, which needs no rule, and claims challenges are read without one. The pack adds gateways in between that turn the 401 into 400 or 403. The code alone does not do: a wrong audience has the same.',
    rules: graph,
  },
  'power-bi': {
    api: 'Power BI REST',
    about: '403 with `error.code` `TokenExpired`; other codes with 403 are permissions.',
    rules: powerBi,
  },
  fabric: {
    api: 'Microsoft Fabric, its GraphQL above all',
    about:
      '403 with nothing in it, which is what a missing permission may look like, too. So it counts only for tokens of 50 minutes and more: Entra’s live 60 to 90, and the one that is fetched in its place is too young to be judged by the rule.',
    rules: fabric,
  },
  databricks: {
    api: 'Azure Databricks',
    about:
      'It changed from 403 to 400 to 401 over the years; all three are known, by header and by words.',
    rules: databricks,
  },
  'azure-devops': {
    api: 'Azure DevOps Services',
    about:
      'GET and POST answer 203 with a page to sign in, some 302 to one. `TF400813` without a user’s name means nobody is signed in; with a name it is a permission.',
    rules: azureDevOps,
  },
} as const satisfies Readonly<Record<string, RejectionPreset>>
