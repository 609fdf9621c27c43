import { serve } from '../serve.ts'
import { proxySide } from './proxy-side.ts'
import { startBenchService } from './service-folder.ts'

// The service as `evergrant serve` runs it: caller key, rules, traces, metrics and a log line for
// every request, written to where nobody reads it.
serve(
  proxySide(async ({ api, folder, tokens }) => {
    const { url, callerDesk } = await startBenchService({
      folder,
      secrets: { 'client-secret': 'secret' },
      config: `providers:
  lab: { type: oauth2, tokenEndpoint: "${tokens}/token" }
connections:
  api:
    provider: lab
    client: { id: bench, credentials: [{ secret: { file: ./client-secret } }] }
    grant: client_credentials
    scope: all
    upstream:
      url: "${api}"
      rejected: [microsoft, { status: 500, text: access token expired }]
`,
    })
    const { key } = await callerDesk.add({ name: 'bench', connections: ['api'] })
    return {
      port: Number(new URL(url).port),
      headers: { authorization: `Bearer ${key.reveal()}` },
      prefix: '/proxy/api',
    }
  }),
)
