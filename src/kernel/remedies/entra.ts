import { entraClients } from './entra-clients.ts'
import { entraGrants } from './entra-grants.ts'
import { entraPeople } from './entra-people.ts'
import type { NumberedRemedy } from './remedy.ts'

/**
 * AADSTS numbers of Microsoft Entra ID. Microsoft may change them without notice: they choose words
 * and pace, never what an answer means.
 *
 * @see https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes
 */
export const entraRemedies: readonly NumberedRemedy[] = /* @__PURE__ */ [
  entraClients,
  entraPeople,
  entraGrants,
].flat()
