import { ConfidentialClientApplication, type AuthenticationResult } from '@azure/msal-node'
import { scope, serveTokens } from './token-side.ts'

// @azure/msal-node: a confidential client for each, with its cache in memory.
serveTokens<AuthenticationResult | null>(async ({ simulator }, instances) => {
  const { authority, client, tenant } = simulator
  return Array.from({ length: instances }, () => {
    const application = new ConfidentialClientApplication({
      auth: {
        clientId: client.id,
        clientSecret: client.secret,
        authority: `${authority}/${tenant}`,
        knownAuthorities: [new URL(authority).host],
      },
    })
    const request = { scopes: [scope] }
    return {
      ask: () => application.acquireTokenByClientCredential(request),
      read: (outcome) => ({
        token: outcome?.accessToken ?? '',
        expiresAt: outcome?.expiresOn?.getTime() ?? 0,
      }),
    }
  })
})
