import { writeFileSync } from 'node:fs'
import { ManagedIdentityCredential } from '@azure/identity'

// Run by `evergrant run`: asks for tokens as an application would and writes down what came of it.
const {
  form,
  resultPath,
  clientId,
  exitCode = 0,
} = JSON.parse(process.argv[2] ?? '{}') as {
  readonly form: 'app_service' | 'imds'
  readonly resultPath: string
  readonly clientId?: string
  readonly exitCode?: number
}
const { IDENTITY_ENDPOINT, IDENTITY_HEADER, AZURE_POD_IDENTITY_AUTHORITY_HOST } = process.env
if (form === 'imds') {
  delete process.env['IDENTITY_ENDPOINT']
  delete process.env['IDENTITY_HEADER']
}
const credential =
  clientId === undefined
    ? new ManagedIdentityCredential()
    : new ManagedIdentityCredential({ clientId })

async function ask(scope: string): Promise<object> {
  try {
    const { token, expiresOnTimestamp } = await credential.getToken(scope)
    return { token, expiresOnTimestamp }
  } catch (error) {
    return { error: String(error) }
  }
}

async function raw(url: string, headers: Record<string, string>): Promise<object> {
  const answer = await fetch(url, { headers })
  return { status: answer.status, text: await answer.text() }
}

const resource = encodeURIComponent('https://graph.microsoft.com/')
const appService = `${IDENTITY_ENDPOINT}?api-version=2019-08-01&resource=${resource}`
const imds = `${AZURE_POD_IDENTITY_AUTHORITY_HOST}/METADATA/identity/oauth2/token?api-version=2018-02-01&resource=${resource}`
const key = { 'X-IDENTITY-HEADER': IDENTITY_HEADER ?? '' }
const withoutSecret = new URL('/metadata/identity/oauth2/token?api-version=2018-02-01', imds).href
writeFileSync(
  resultPath,
  JSON.stringify({
    graph: await ask('https://graph.microsoft.com/.default'),
    other: await ask('https://vault.azure.net/.default'),
    answer: await raw(appService, key),
    imdsAnswer: await raw(imds, { Metadata: 'true' }),
    withoutKey: await raw(appService, {}),
    wrongKey: await raw(appService, { 'X-IDENTITY-HEADER': 'x' }),
    withoutMetadata: await raw(imds, {}),
    withoutSecret: await raw(withoutSecret, { Metadata: 'true' }),
    forwarded: await raw(imds, { Metadata: 'true', 'X-Forwarded-For': '10.0.0.1' }),
    oldVersion: await raw(appService.replace('2019-08-01', '2017-09-01'), key),
    elsewhere: await raw(new URL('/', imds).href, key),
    msi: process.env['MSI_ENDPOINT'] ?? null,
  }),
)
process.exitCode = exitCode
