import type { CallerRequest } from '../../src/access/index.ts'
import { startServing, type Serving, type ServingOptions } from '../../src/server/index.ts'
import { makeWorkspace, type Workspace, type WorkspaceOptions } from './workspace.ts'

/** A running service over a simulated tenant. */
export interface ServiceFixture {
  readonly workspace: Workspace
  readonly serving: Serving
  /** Where the service listens. */
  readonly url: string
  /** Everything it has logged so far, a parsed line each. */
  log(): readonly Readonly<Record<string, unknown>>[]
  /** Adds a caller and returns its key. */
  addCaller(name: string, wish?: Partial<Omit<CallerRequest, 'name'>>): Promise<string>
  close(): Promise<void>
}

/** Starts the service in this process over a new workspace, on a free port. */
export async function startService(
  options: {
    readonly workspace?: WorkspaceOptions
    /** Called before the service starts; for what the configuration needs besides. */
    readonly prepare?: (workspace: Workspace) => Promise<void>
    readonly serving?: Partial<ServingOptions>
  } = {},
): Promise<ServiceFixture> {
  const workspace = await makeWorkspace({ users: 10, ...options.workspace })
  await options.prepare?.(workspace)
  const lines: string[] = []
  const serving = await startServing({
    configPath: workspace.configPath,
    env: {},
    listen: { host: '127.0.0.1', port: 0 },
    keepAlive: false,
    logTo: { write: (line) => void lines.push(line) },
    ...options.serving,
  })
  return {
    workspace,
    serving,
    url: serving.url,
    log: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    addCaller: async (name, wish = {}) => {
      const { key } = await serving.callerDesk.add({ name, connections: '*', ...wish })
      return key.reveal()
    },
    close: async () => {
      await serving.close(0)
      await workspace.close()
    },
  }
}
