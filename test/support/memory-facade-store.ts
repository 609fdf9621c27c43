import type {
  FacadeClient,
  FacadeCode,
  FacadeFamily,
  FacadeStore,
  FacadeToken,
} from '../../src/gateway/index.ts'

interface KeptToken extends FacadeToken {
  readonly familyId: string
  readonly keptUntil?: number
}

/** A façade store in memory; each call is one step, as in a database. */
export function createMemoryFacadeStore(): FacadeStore & { readonly tokens: KeptToken[] } {
  const clients = new Map<string, FacadeClient>()
  const codes = new Map<string, FacadeCode>()
  const families = new Map<string, FacadeFamily>()
  const tokens: KeptToken[] = []
  const drop = (isOver: (token: KeptToken) => boolean): number => {
    const left = tokens.filter((token) => !isOver(token))
    const dropped = tokens.length - left.length
    tokens.splice(0, tokens.length, ...left)
    return dropped
  }
  const dropFamily = (id: string): boolean => {
    drop(({ familyId }) => familyId === id)
    return families.delete(id)
  }
  const add = (familyId: string, fresh: readonly FacadeToken[]): void => {
    for (const token of fresh) {
      drop((one) => one.hash === token.hash && one.familyId === familyId)
      tokens.push({ ...token, familyId })
    }
  }
  const living = (id: string): FacadeClient | undefined => {
    const client = clients.get(id)
    return client?.revokedAt === undefined ? client : undefined
  }
  const change = (id: string, fields: Partial<FacadeClient>): boolean => {
    const client = living(id)
    if (client === undefined) return false
    clients.set(id, { ...client, ...fields })
    return true
  }
  const byName = (name: string): FacadeClient | undefined =>
    [...clients.values()].find((one) => one.name === name && one.revokedAt === undefined)

  return {
    tokens,
    addFacadeClient: async (client) => {
      if (byName(client.name) !== undefined) return false
      clients.set(client.id, client)
      return true
    },
    findFacadeClient: async (nameOrId) => clients.get(nameOrId) ?? byName(nameOrId),
    listFacadeClients: async ({ limit, after, connection, withRevoked = false }) => {
      const keyOf = (one: { name: string; id: string }): string => `${one.name} ${one.id}`
      return [...clients.values()]
        .filter((one) => withRevoked || one.revokedAt === undefined)
        .filter((one) => connection === undefined || one.connection === connection)
        .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
        .filter((one) => after === undefined || keyOf(one) > keyOf(after))
        .slice(0, limit)
    },
    setFacadeSecret: async (id, secretHash) => change(id, { secretHash }),
    approveFacadeClient: async (id, now) => change(id, { approvedAt: now }),
    revokeFacadeClient: async (id, now) => {
      if (!change(id, { revokedAt: now })) return false
      for (const code of codes.values()) if (code.clientId === id) codes.delete(code.hash)
      for (const family of families.values()) if (family.clientId === id) dropFamily(family.id)
      return true
    },
    countFacadeFamilies: async (clientId) =>
      [...families.values()].filter((one) => one.clientId === clientId).length,
    addFacadeCode: async (code, atMost, now) => {
      const waiting = [...codes.values()].filter(
        (one) => one.clientId === code.clientId && one.expiresAt > now && one.usedFor === undefined,
      )
      if (waiting.length >= atMost) return false
      codes.set(code.hash, code)
      return true
    },
    getFacadeCode: async (hash) => codes.get(hash),
    redeemFacadeCode: async ({ hash, family, tokens: fresh, approvedSince }) => {
      const code = codes.get(hash)
      const client = living(family.clientId)
      if (code === undefined || client === undefined) return 'gone'
      if (code.usedFor !== undefined) return 'used'
      if (approvedSince !== undefined) {
        if ((client.approvedAt ?? -Infinity) <= approvedSince) return 'unapproved'
        const { approvedAt: _, ...rest } = client
        clients.set(client.id, rest)
      }
      codes.set(hash, { ...code, usedFor: family.id })
      families.set(family.id, family)
      add(family.id, fresh)
      return 'redeemed'
    },
    findFacadeToken: async (hash, now) => {
      const token = tokens.findLast(
        (one) => one.hash === hash && (one.expiresAt === undefined || one.expiresAt > now),
      )
      const family = families.get(token?.familyId ?? '')
      const client = living(family?.clientId ?? '')
      if (token === undefined || family === undefined || client === undefined) return undefined
      const { familyId: _familyId, keptUntil: _keptUntil, ...bare } = token
      return { token: bare, family, client }
    },
    issueFacadeTokens: async (issue, now) => {
      const family = families.get(issue.familyId)
      if (family?.generation !== issue.expectedGeneration) return false
      const { generation, handedOut, rememberUntil } = issue
      const hasRotated = generation !== family.generation
      families.set(family.id, {
        ...family,
        generation,
        rotatedAt: hasRotated ? now : family.rotatedAt,
        ...(handedOut === undefined ? {} : { handedOut }),
      })
      if (hasRotated) {
        for (const [i, token] of tokens.entries()) {
          if (token.familyId !== family.id || token.kind !== 'refresh') continue
          tokens[i] = { ...token, keptUntil: token.keptUntil ?? rememberUntil }
        }
      }
      add(family.id, issue.tokens)
      return true
    },
    revokeFacadeFamily: async (id) => dropFamily(id),
    revokeFacadeToken: async (hash, id) => {
      drop((one) => one.hash === hash && one.familyId === id && one.kind === 'access')
    },
    sweepFacade: async (now) => {
      let swept = drop(({ expiresAt, keptUntil }) => (expiresAt ?? keptUntil ?? Infinity) <= now)
      for (const code of codes.values()) {
        const until = code.usedFor === undefined ? code.expiresAt : code.expiresAt + 86_400_000
        if (until > now) continue
        codes.delete(code.hash)
        swept++
      }
      return swept
    },
  }
}
