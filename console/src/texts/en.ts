import { common } from './en/common.ts'
import { connections } from './en/connections.ts'
import { overview } from './en/overview.ts'
import { shell } from './en/shell.ts'

/** English, by page. */
export const en = { common, shell, overview, connections } as const
