import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pino } from 'pino'
import { startServing } from '../../src/server/index.ts'
import { generateKey } from '../../src/vault/index.ts'
import { serve } from '../serve.ts'
import { proxySide } from './proxy-side.ts'

// The service as `evergrant serve` runs it: caller key, rules, traces, metrics and a log line for
// every request, written to where nobody reads it.
serve(
  proxySide(async ({ api, folder, tokens }) => {
    const configPath = join(folder, 'evergrant.yaml')
    await writeFile(join(folder, 'evergrant.key'), generateKey().reveal(), { mode: 0o600 })
    await writeFile(join(folder, 'client-secret'), 'secret', { mode: 0o600 })
    await writeFile(
      configPath,
      `store: sqlite:./evergrant.db
encryption: { keys: [{ id: k1, file: ./evergrant.key }] }
server: { listen: "127.0.0.1:0" }
providers:
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
    )
    const { url, callerDesk } = await startServing({
      configPath,
      env: {},
      logTo: pino.destination({
        dest: 1,
        sync: false,
        minLength: 65_536,
        maxWrite: 131_072,
        periodicFlush: 1_000,
      }),
    })
    const { key } = await callerDesk.add({ name: 'bench', connections: ['api'] })
    return {
      port: Number(new URL(url).port),
      headers: { authorization: `Bearer ${key.reveal()}` },
      prefix: '/proxy/api',
    }
  }),
)
