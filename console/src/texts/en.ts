import { alarms } from './en/alarms.ts'
import { audit } from './en/audit.ts'
import { callerForm, callers, sessions } from './en/callers.ts'
import { common } from './en/common.ts'
import { connection } from './en/connection.ts'
import { connectionForm } from './en/connection-form.ts'
import { consent } from './en/consent.ts'
import { connections } from './en/connections.ts'
import { customers } from './en/customers.ts'
import { keys } from './en/keys.ts'
import { account, directory, person } from './en/directory.ts'
import { facade, facadeForm, facades } from './en/facades.ts'
import { imports, run } from './en/imports.ts'
import { explain, issuers, refusals } from './en/issuers.ts'
import { overview } from './en/overview.ts'
import { permissions } from './en/permissions.ts'
import { shell } from './en/shell.ts'
import { captures, trace, traces } from './en/traces.ts'

/** English, by page. */
export const en = {
  common,
  shell,
  keys,
  overview,
  connections,
  connection,
  permissions,
  connectionForm,
  consent,
  customers,
  imports,
  run,
  directory,
  account,
  person,
  issuers,
  refusals,
  explain,
  facades,
  facade,
  facadeForm,
  callers,
  callerForm,
  sessions,
  traces,
  trace,
  captures,
  alarms,
  audit,
} as const
