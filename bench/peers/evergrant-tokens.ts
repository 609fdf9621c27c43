import { createEvergrant, type AzureAccessToken } from '../../src/index.ts'
import { connectionName, writeConfig } from '../workspace.ts'
import { scope, serveTokens } from './token-side.ts'

// Evergrant: one installation with so many connections, opened as a program opens it.
serveTokens<AzureAccessToken>(async ({ folder, simulator }, instances) => {
  const evergrant = await createEvergrant({
    config: await writeConfig(folder, simulator, instances),
  })
  return Array.from({ length: instances }, (_, index) => {
    const connection = evergrant.connection(connectionName(index))
    return {
      ask: () => connection.getToken(scope),
      read: ({ token, expiresOnTimestamp: expiresAt }) => ({ token, expiresAt }),
    }
  })
})
