import { ClientSecretCredential, type AccessToken } from '@azure/identity'
import { scope, serveTokens } from './token-side.ts'

// @azure/identity: a credential for each, with its cache in memory.
serveTokens<AccessToken>(async ({ simulator }, instances) => {
  const { authority, client, tenant } = simulator
  return Array.from({ length: instances }, () => {
    const credential = new ClientSecretCredential(tenant, client.id, client.secret, {
      authorityHost: authority,
      disableInstanceDiscovery: true,
    })
    return {
      ask: () => credential.getToken(scope),
      read: ({ token, expiresOnTimestamp: expiresAt }) => ({ token, expiresAt }),
    }
  })
})
