import {
  compose,
  openService,
  type Composition,
  type ServiceOptions,
} from '../../src/server/index.ts'
import { makeWorkspace, type Workspace, type WorkspaceOptions } from './workspace.ts'

/** A running service over a simulated tenant. */
export interface ServiceFixture {
  readonly workspace: Workspace
  readonly composition: Composition
  /** Where the service listens. */
  readonly url: string
  close(): Promise<void>
}

/** Starts the service in this process over a new workspace, on a free port. */
export async function startService(
  options: {
    readonly workspace?: WorkspaceOptions
    readonly service?: (composition: Composition) => Partial<ServiceOptions>
  } = {},
): Promise<ServiceFixture> {
  const workspace = await makeWorkspace({ users: 10, ...options.workspace })
  const composition = await compose({
    configPath: workspace.configPath,
    env: {},
    role: 'main',
    isLasting: true,
  })
  const service = await openService(composition, {
    listen: { host: '127.0.0.1', port: 0 },
    ...options.service?.(composition),
  })
  return {
    workspace,
    composition,
    url: service.url,
    close: async () => {
      await service.close()
      await composition.close()
      await workspace.close()
    },
  }
}
