import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { startService, type ServiceFixture } from './service-fixture.ts'
import { audience, startTokenIssuer, type TokenIssuer } from './token-issuer.ts'
import { runImport, tenantId, type WorkspaceOptions } from './workspace.ts'

/** A service that accepts tokens of an issuer, over an imported directory. */
export interface BearerService extends ServiceFixture {
  readonly issuer: TokenIssuer
  /** Ids of imported users that are enabled. */
  readonly userIds: readonly string[]
  /** Calls the service. */
  get(path: string, headers?: Readonly<Record<string, string>>, method?: string): Promise<Response>
  /** Puts other issuers into the configuration. */
  writeIssuers(yaml: string): Promise<void>
}

/** The issuers of a configuration: tokens of `lab` are for an account, by `oid`. */
export function issuersYaml(issuer: string, more = ''): string {
  return `issuers:
  lab:
    type: oidc
    issuer: ${issuer}
    tenant: ${tenantId}
    audiences: ['${audience}']
    match: [{ claim: oid, column: id }]
    userName: name
    access:
      - { connections: [contoso-graph] }
      - { claim: roles, value: Viewer, role: viewer }
      - { claim: roles, value: Operator, role: operator }
      - { claim: roles, value: Admin, role: admin }
${more}`
}

/** Starts issuer, simulated tenant and service; ten users are imported. */
export async function startBearerService(
  options: {
    /** More lines of the issuer `lab`. */
    readonly yaml?: string
    readonly workspace?: WorkspaceOptions
    /** What `contoso-graph` leads to, in place of the simulated Graph. */
    readonly upstream?: string
  } = {},
): Promise<BearerService> {
  const issuer = await startTokenIssuer()
  let base = ''
  const fixture = await startService({
    ...(options.workspace === undefined ? {} : { workspace: options.workspace }),
    prepare: async (workspace) => {
      await runImport(workspace)
      base = await readFile(workspace.configPath, 'utf8')
      const url = options.upstream ?? workspace.simulator.urls.graph
      // The token goes in a header of its own: what else arrives came from the caller.
      const fields = `resource: 'https://graph.microsoft.com', headers: { x-token: '{token}' }`
      base += `    upstream: { url: '${url}', ${fields} }\n`
      await writeFile(workspace.configPath, base)
      await appendFile(workspace.configPath, issuersYaml(issuer.issuer, options.yaml))
    },
  })
  const columns = ['id', 'accountEnabled']
  const userIds = [...fixture.workspace.simulator.users(undefined, columns)]
    .filter(({ accountEnabled }) => accountEnabled === true)
    .map(({ id }) => String(id))
  return {
    ...fixture,
    issuer,
    userIds,
    get: (path, headers = {}, method = 'GET') =>
      fetch(`${fixture.url}${path}`, { headers, method, redirect: 'manual' }),
    writeIssuers: (yaml) => writeFile(fixture.workspace.configPath, base + yaml),
    close: async () => {
      await fixture.close()
      await issuer.close()
    },
  }
}

/** The header that brings a token. */
export const bearer = (token: string): { readonly authorization: string } => ({
  authorization: `Bearer ${token}`,
})
