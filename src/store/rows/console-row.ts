import type { Role } from '../../access/index.ts'
import type {
  ConsoleLinkRecord,
  ConsoleSessionRecord,
  ConsoleSignInRecord,
} from '../../access/index.ts'

/** A row of `console_sessions`. */
export interface ConsoleSessionRow {
  readonly id: string
  readonly hash: string
  readonly caller_id: string
  readonly name: string
  readonly role: Role
  readonly issuer: string | null
  readonly identity: string | null
  readonly link_id: string | null
  readonly created_at: number
  readonly used_at: number
  readonly expires_at: number
  readonly revoked_at: number | null
}

/** A row of `console_links`. */
export interface ConsoleLinkRow {
  readonly id: string
  readonly hash: string
  readonly name: string
  readonly role: Role
  readonly created_by: string
  readonly created_at: number
  readonly expires_at: number
  readonly used_at: number | null
}

/** A row of `console_sign_ins`. */
export interface ConsoleSignInRow {
  readonly hash: string
  readonly salt: string
  readonly issuer: string
  readonly tenant: string | null
  readonly return_to: string
  readonly expires_at: number
}

/** The columns of `consoleSessionValues`, in order. */
export const consoleSessionColumns = `id, hash, caller_id, name, role, issuer, identity, link_id,
  created_at, used_at, expires_at, revoked_at`

/** The columns of `consoleLinkValues`, in order. */
export const consoleLinkColumns = `id, hash, name, role, created_by, created_at, expires_at, used_at`

/** The columns of `consoleSignInValues`, in order. */
export const consoleSignInColumns = `hash, salt, issuer, tenant, return_to, expires_at`

type Values = readonly (string | number | null)[]

/** A session as the values of its row. */
export function consoleSessionValues(session: ConsoleSessionRecord): Values {
  return [
    session.id,
    session.hash,
    session.callerId,
    session.name,
    session.role,
    session.issuer ?? null,
    session.identity ?? null,
    session.linkId ?? null,
    session.createdAt,
    session.usedAt,
    session.expiresAt,
    session.revokedAt ?? null,
  ]
}

/** A link as the values of its row. */
export function consoleLinkValues(link: ConsoleLinkRecord): Values {
  const { id, hash, name, role, createdBy, createdAt, expiresAt, usedAt } = link
  return [id, hash, name, role, createdBy, createdAt, expiresAt, usedAt ?? null]
}

/** A sign-in as the values of its row. */
export function consoleSignInValues(signIn: ConsoleSignInRecord): Values {
  const { hash, salt, issuer, tenant, returnTo, expiresAt } = signIn
  return [hash, salt, issuer, tenant ?? null, returnTo, expiresAt]
}

/** A row as the port shows it. */
export function asConsoleSession(row: ConsoleSessionRow): ConsoleSessionRecord {
  return {
    id: row.id,
    hash: row.hash,
    callerId: row.caller_id,
    name: row.name,
    role: row.role,
    ...(row.issuer === null ? {} : { issuer: row.issuer }),
    ...(row.identity === null ? {} : { identity: row.identity }),
    ...(row.link_id === null ? {} : { linkId: row.link_id }),
    createdAt: row.created_at,
    usedAt: row.used_at,
    expiresAt: row.expires_at,
    ...(row.revoked_at === null ? {} : { revokedAt: row.revoked_at }),
  }
}

/** A row as the port shows it. */
export function asConsoleLink(row: ConsoleLinkRow): ConsoleLinkRecord {
  return {
    id: row.id,
    hash: row.hash,
    name: row.name,
    role: row.role,
    createdBy: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    ...(row.used_at === null ? {} : { usedAt: row.used_at }),
  }
}

/** A row as the port shows it. */
export function asConsoleSignIn(row: ConsoleSignInRow): ConsoleSignInRecord {
  return {
    hash: row.hash,
    salt: row.salt,
    issuer: row.issuer,
    ...(row.tenant === null ? {} : { tenant: row.tenant }),
    returnTo: row.return_to,
    expiresAt: row.expires_at,
  }
}
