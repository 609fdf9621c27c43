import { requireOwnGrant } from '../grants/index.ts'
import { EvergrantError, err, ok, type Result, type Secret } from '../kernel/index.ts'
import { addressOf } from './arrive.ts'
import {
  beginConsent,
  hashBrowser,
  isBrowserOf,
  requireSignIn,
  type ConsentInvitation,
} from './begin-consent.ts'
import type { ConsentContext } from './context.ts'
import type { ConsentLink, LinkQuery } from './link-ports.ts'
import { refuseLink } from './link-state.ts'
import { hashLinkToken, issueLinkToken } from './link-token.ts'

/** How a link is to be. */
export interface LinkOptions {
  /** Who shall use it, for people: 1 to 200 characters. */
  readonly recipient: string
  /** What the recipient is told besides: up to 1,000 characters. */
  readonly note?: string
  /** For how long a sign-in can be begun by it (ms): 5 minutes to 30 days. Default 72 hours. */
  readonly lifeMs?: number
  /** Takes another account than the one that serves now. Default false. */
  readonly approvesAccount?: boolean
  /** Who asks, for people. */
  readonly createdBy: string
}

/** Where sign-ins are handed to somebody else. */
export interface LinkDesk {
  /**
   * Makes a link; its token is told once.
   *
   * @throws `connection_unknown`, `tenant_*`, `usage`, `store_*`
   */
  create(
    address: string,
    options: LinkOptions,
  ): Promise<{ readonly link: ConsentLink; readonly token: Secret }>
  /** The link of a token, whatever became of it. @returns `consent_link_unknown` @throws `store_*` */
  look(token: string): Promise<Result<ConsentLink, EvergrantError>>
  /** Notes that its page was seen; spends nothing. @throws `store_*` */
  note(link: ConsentLink): Promise<void>
  /** Why nothing can be begun by it, for this browser; undefined when something can. */
  refuse(link: ConsentLink, browser: Secret | undefined): EvergrantError | undefined
  /**
   * Begins a sign-in by the link, for one browser alone; in the same browser again while nothing
   * came back.
   *
   * @returns `consent_link_*`, `consent_elsewhere`
   * @throws As `begin` of the consent desk
   */
  start(
    link: ConsentLink,
    options: { readonly browser: Secret; readonly redirectUri: string },
  ): Promise<Result<ConsentInvitation, EvergrantError>>
  /** A link, where there is still one. @throws `store_*` */
  find(id: string): Promise<ConsentLink | undefined>
  /** @throws `consent_link_unknown`, `store_*` */
  show(id: string): Promise<ConsentLink>
  list(query: LinkQuery): Promise<readonly ConsentLink[]>
  /** Takes a link back; idempotent. @throws `consent_link_unknown`, `store_*` */
  revoke(id: string, revokedBy: string): Promise<void>
}

/** Bounds of a link’s life (ms). */
export const linkLifeMs = { least: 300_000, most: 30 * 86_400_000, usual: 72 * 3_600_000 } as const

/** Makes the desk. */
export function createLinkDesk(context: ConsentContext): LinkDesk {
  const { links, engine, clock, random, emit } = context
  const refuse: LinkDesk['refuse'] = (link, browser) => {
    const refusal = refuseLink(link, clock.now())
    if (refusal !== undefined) return refusal
    const isBound = link.browserHash !== undefined
    if (!isBound || (browser !== undefined && isBrowserOf(link, browser))) return undefined
    return new EvergrantError('consent_elsewhere', 'the link was begun in another browser')
  }
  const show = async (id: string): Promise<ConsentLink> => {
    const link = await links.findLink(id)
    if (link !== undefined) return link
    throw new EvergrantError('consent_link_unknown', `there is no link ${JSON.stringify(id)}`)
  }
  return {
    create: async (address, options) => {
      const { definition } = engine.connection(address)
      requireOwnGrant(definition)
      requireSignIn(definition)
      const { name: connection, provider } = definition
      const { recipient, note, lifeMs = linkLifeMs.usual, createdBy } = options
      requireBounds(recipient, note, lifeMs)
      const now = clock.now()
      const { id, token, hash: tokenHash } = issueLinkToken(now, random)
      const { tenant } = provider
      const link: ConsentLink = {
        id,
        tokenHash,
        connection,
        tenant,
        recipient,
        ...(note === undefined || note === '' ? {} : { note }),
        approvesAccount: options.approvesAccount ?? false,
        createdBy,
        createdAt: now,
        expiresAt: now + lifeMs,
      }
      await links.addLink(link)
      const about = { connection, tenant, linkId: id, recipient, createdBy }
      emit({ type: 'consent.link_created', at: now, ...about, expiresAt: link.expiresAt })
      return { link, token }
    },

    look: async (token) => {
      const hash = hashLinkToken(token)
      const link = hash === undefined ? undefined : await links.findLinkByToken(hash)
      if (link !== undefined) return ok(link)
      return err(new EvergrantError('consent_link_unknown', 'its address is of no link'))
    },

    note: async ({ id, openedAt, connection, tenant }) => {
      if (openedAt !== undefined) return
      const now = clock.now()
      if (!(await links.openLink(id, now))) return
      emit({ type: 'consent.link_opened', at: now, connection, tenant, linkId: id })
    },

    refuse,

    start: async (link, { browser, redirectUri }) => {
      const refusal = refuse(link, browser)
      if (refusal !== undefined) return err(refusal)
      const { id, recipient, approvesAccount } = link
      // Before there is a sign-in: of two browsers, one goes no further.
      if (!(await links.bindLink(id, hashBrowser(browser), clock.now()))) {
        const over = refuse(await show(id), browser)
        return err(over ?? new EvergrantError('consent_link_expired', 'its time ended just now'))
      }
      const invitation = await beginConsent(
        addressOf(link),
        { redirectUri, startedBy: recipient, approvesAccount, browser, linkId: id },
        context,
      )
      return ok(invitation)
    },

    find: (id) => links.findLink(id),
    show,
    list: (query) => links.listLinks(query, clock.now()),

    revoke: async (id, revokedBy) => {
      const { connection, tenant } = await show(id)
      const now = clock.now()
      if (!(await links.revokeLink(id, now))) return
      emit({ type: 'consent.link_revoked', at: now, connection, tenant, linkId: id, revokedBy })
    },
  }
}

function requireBounds(recipient: string, note: string | undefined, lifeMs: number): void {
  const refuse = (field: string, expected: string): never => {
    throw new EvergrantError('usage', `"${field}": expected ${expected}`)
  }
  if (recipient.trim() === '' || recipient.length > 200) refuse('recipient', '1 to 200 characters')
  if ((note?.length ?? 0) > 1_000) refuse('note', 'up to 1,000 characters')
  if (lifeMs < linkLifeMs.least || lifeMs > linkLifeMs.most) refuse('expires', '5m to 30d')
}
