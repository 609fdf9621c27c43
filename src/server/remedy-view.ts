import type { z } from 'zod'
import type { CatalogueEntry } from '../kernel/index.ts'
import type { remedySchema } from './api/remedy-schema.ts'

/** An entry of the catalogue as API and command line show it. */
export function remedyToJson(entry: CatalogueEntry): z.input<typeof remedySchema> {
  const { atCustomer, steps, ...rest } = entry
  return {
    ...rest,
    steps: [...steps],
    at_customer:
      atCustomer === undefined ? null : { actor: atCustomer.actor, steps: [...atCustomer.steps] },
  }
}
