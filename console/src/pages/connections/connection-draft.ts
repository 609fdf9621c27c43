/** What the form holds of a connection, as typed. */
export interface ConnectionDraft {
  readonly name: string
  readonly provider: string
  readonly tenant: string
  readonly clientId: string
  readonly isPublic: boolean
  readonly credentials: readonly CredentialDraft[]
  readonly grant: 'client_credentials' | 'authorization_code'
  readonly target: 'default' | 'resource' | 'scope'
  readonly resource: string
  readonly scope: string
  readonly url: string
}

/** One credential as typed. */
export interface CredentialDraft {
  readonly key: string
  readonly kind: 'secret' | 'certificate' | 'federated'
  /** Typed anew; empty keeps what is sealed. Nowhere but in memory, and not after it was sent. */
  readonly secret: string
  /** A day. */
  readonly expiresOn: string
  /** Where it is sealed already. */
  readonly slot?: string
  /** Fields of the entry that the form does not show. */
  readonly others: Definition
}

/** A definition as the API takes it. */
export type Definition = Readonly<Record<string, unknown>>

const kinds = ['secret', 'certificate', 'federated'] as const

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const entryOf = (value: unknown): Definition =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Definition) : {}

/** A credential with nothing typed yet. */
export function emptyCredential(): CredentialDraft {
  return { key: crypto.randomUUID(), kind: 'secret', secret: '', expiresOn: '', others: {} }
}

/** A definition as the form shows it. */
export function draftOf(name: string, definition: Definition): ConnectionDraft {
  const client = entryOf(definition['client'])
  const credentials = Array.isArray(client['credentials']) ? client['credentials'] : []
  const resource = textOf(definition['resource'])
  const scope = textOf(definition['scope'])
  return {
    name,
    provider: textOf(definition['provider']),
    tenant: textOf(definition['tenant']),
    clientId: textOf(client['id']),
    isPublic: Array.isArray(client['credentials']) && credentials.length === 0,
    credentials: credentials.length === 0 ? [emptyCredential()] : credentials.map(credentialOf),
    grant:
      definition['grant'] === 'authorization_code' ? 'authorization_code' : 'client_credentials',
    target: targetOf(resource, scope),
    resource,
    scope,
    url: textOf(entryOf(definition['upstream'])['url']),
  }
}

function targetOf(resource: string, scope: string): ConnectionDraft['target'] {
  if (resource !== '') return 'resource'
  return scope === '' ? 'default' : 'scope'
}

function credentialOf(value: unknown): CredentialDraft {
  const entry = entryOf(value)
  const kind = kinds.find((one) => entry[one] !== undefined) ?? 'secret'
  const slot = entryOf(entry[kind])['sealed']
  const { [kind]: _, expiresAt, ...others } = entry
  return {
    key: crypto.randomUUID(),
    kind,
    secret: '',
    expiresOn: textOf(expiresAt).slice(0, 10),
    ...(typeof slot === 'string' ? { slot } : {}),
    others,
  }
}

/** Tells whether secrets of a definition are references to the host, which no browser may write. */
export function readsFromHost(definition: Definition): boolean {
  const credentials = entryOf(definition['client'])['credentials']
  return (
    Array.isArray(credentials) &&
    credentials.some((one) =>
      kinds.some((kind) => {
        const reference = entryOf(entryOf(one)[kind])
        return ['env', 'file', 'exec'].some((name) => reference[name] !== undefined)
      }),
    )
  )
}

/** What is sent: the definition, and the secrets that were typed by the slots it names. */
export function definitionOf(
  draft: ConnectionDraft,
  base: Definition,
): { readonly definition: Definition; readonly secrets: Readonly<Record<string, string>> } {
  const { resource: _r, scope: _s, tenant: _t, upstream, ...kept } = base
  const secrets: Record<string, string> = {}
  const taken = new Set(draft.credentials.map(({ slot }) => slot))
  const credentials = draft.isPublic
    ? []
    : draft.credentials.map((one) => {
        const slot = one.slot ?? freeSlot(taken)
        taken.add(slot)
        if (one.secret !== '') secrets[slot] = one.secret
        return {
          ...one.others,
          [one.kind]: { sealed: slot },
          ...(one.expiresOn === '' ? {} : { expiresAt: one.expiresOn }),
        }
      })
  const url = draft.url.trim()
  return {
    definition: {
      ...kept,
      provider: draft.provider,
      ...(draft.tenant.trim() === '' ? {} : { tenant: draft.tenant.trim() }),
      client: { id: draft.clientId.trim(), credentials },
      grant: draft.grant,
      ...(draft.target === 'resource' ? { resource: draft.resource.trim() } : {}),
      ...(draft.target === 'scope' ? { scope: draft.scope.trim() } : {}),
      ...(url === '' ? {} : { upstream: { ...entryOf(upstream), url } }),
    },
    secrets,
  }
}

function freeSlot(taken: ReadonlySet<string | undefined>): string {
  for (let i = 0; ; i++) {
    const slot = `credentials[${i}]`
    if (!taken.has(slot)) return slot
  }
}
