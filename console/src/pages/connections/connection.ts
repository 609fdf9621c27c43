import type { Operations } from '../../../../src/client/index.ts'

/** A connection as the API tells it. */
export type Connection = Operations['connections.show']['result']
