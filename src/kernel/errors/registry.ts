import { accessErrors } from './access.ts'
import { accountErrors } from './accounts.ts'
import { configErrors } from './config.ts'
import { consentErrors } from './consent.ts'
import type { ErrorDefinition } from './definition.ts'
import { facadeErrors } from './facade.ts'
import { gatewayErrors } from './gateway.ts'
import { identityErrors } from './identity.ts'
import { importErrors } from './imports.ts'
import { jobErrors } from './jobs.ts'
import { oauthErrors } from './oauth.ts'
import { serviceErrors } from './service.ts'
import { storeErrors } from './store.ts'
import { vaultErrors } from './vault.ts'

/** The registry in the parts the rooms declare; no code stands in two of them. */
export const errorTables = {
  config: configErrors,
  vault: vaultErrors,
  store: storeErrors,
  oauth: oauthErrors,
  imports: importErrors,
  jobs: jobErrors,
  access: accessErrors,
  gateway: gatewayErrors,
  facade: facadeErrors,
  service: serviceErrors,
  identity: identityErrors,
  accounts: accountErrors,
  consent: consentErrors,
} as const

/** Every error code Evergrant can yield, with what it means and what to do. */
// Marked, so that bundles of the browser’s side, which ask for no code, leave the words out.
export const errorRegistry = /* @__PURE__ */ (() =>
  ({
    ...errorTables.config,
    ...errorTables.vault,
    ...errorTables.store,
    ...errorTables.oauth,
    ...errorTables.imports,
    ...errorTables.jobs,
    ...errorTables.access,
    ...errorTables.gateway,
    ...errorTables.facade,
    ...errorTables.service,
    ...errorTables.identity,
    ...errorTables.accounts,
    ...errorTables.consent,
  }) as const)()

/** A code of the registry. */
export type ErrorCode = keyof typeof errorRegistry

/** Tells whether a text is a code of the registry. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorRegistry, text)
}

/** Looks a code up. */
export function errorDefinition(code: ErrorCode): ErrorDefinition {
  return errorRegistry[code]
}
