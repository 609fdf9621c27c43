import type { z } from 'zod'
import { nameOf, type Account, type AccountKey, type PersonRecord } from '../directory/index.ts'
import type { accountSchema, personSchema } from './api/account-schema.ts'

const time = (epochMs: number): string => new Date(epochMs).toISOString()

/** An account as `--json` prints it and the API sends it. */
export function accountToJson(account: Account): z.input<typeof accountSchema> {
  const { properties, disabled, link, isMissing } = account
  const enabled = properties['accountEnabled']
  return {
    ...keyToJson(account),
    name: nameOf(account),
    account_enabled: typeof enabled === 'boolean' ? enabled : null,
    disabled:
      disabled === undefined
        ? null
        : { at: time(disabled.at), by: disabled.by, reason: disabled.reason ?? null },
    person:
      link === undefined
        ? null
        : {
            id: link.personId,
            name: link.personName,
            role: link.role ?? null,
            connections: [...link.connections],
          },
    imported: isMissing !== true,
    updated_at: isMissing === true ? null : time(account.updatedAt),
    properties,
  }
}

/** A person as `--json` prints it and the API sends it. */
export function personToJson(person: PersonRecord): z.input<typeof personSchema> {
  return {
    id: person.id,
    name: person.name,
    created_at: time(person.createdAt),
    accounts: person.accounts.map((account) => ({
      ...keyToJson(account),
      role: account.role ?? null,
      connections: [...account.connections],
    })),
  }
}

const keyToJson = ({ tenantId, kind, id }: AccountKey) => ({ tenant_id: tenantId, kind, id })
