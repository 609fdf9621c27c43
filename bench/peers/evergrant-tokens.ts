import { createEvergrant, type AzureAccessToken } from '../../src/index.ts'
import { connectionName, writeConfig } from '../workspace.ts'
import { scope, serveTokens } from './token-side.ts'

// Evergrant: one installation with so many connections, opened as a program opens it.
serveTokens<AzureAccessToken>(async (job, instances) => {
  const config =
    job.kind === 'open'
      ? job.configPath
      : await writeConfig(job.folder, job.simulator, { connections: instances })
  const evergrant = await createEvergrant({ config })
  return Array.from({ length: instances }, (_, index) => {
    const connection = evergrant.connection(connectionName(index))
    return {
      ask: () => connection.getToken(scope),
      read: ({ token, expiresOnTimestamp: expiresAt }) => ({ token, expiresAt }),
    }
  })
})
