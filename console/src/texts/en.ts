import { common } from './en/common.ts'
import { connection } from './en/connection.ts'
import { connectionForm } from './en/connection-form.ts'
import { consent } from './en/consent.ts'
import { connections } from './en/connections.ts'
import { keys } from './en/keys.ts'
import { overview } from './en/overview.ts'
import { shell } from './en/shell.ts'

/** English, by page. */
export const en = {
  common,
  shell,
  keys,
  overview,
  connections,
  connection,
  connectionForm,
  consent,
} as const
