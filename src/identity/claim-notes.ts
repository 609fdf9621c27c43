import { entraUserInfoClaims } from '../kernel/index.ts'
import type { TokenKind } from './token-kind.ts'

/** How good a claim is for finding an account by it. */
export type KeyQuality = 'key' | 'part_of_key' | 'mutable' | 'not_a_key'

/** What is known of a claim. */
export interface ClaimNote {
  readonly quality: KeyQuality
  readonly note: string
}

const notes: Readonly<Record<string, ClaimNote>> = {
  oid: {
    quality: 'key',
    note: 'with tid: the one account, whatever is renamed; maps to the column id',
  },
  tid: { quality: 'part_of_key', note: 'the tenant; object ids and names count within it alone' },
  sub: {
    quality: 'part_of_key',
    note: 'at Entra ID another one for every application; good only among tokens for the same API',
  },
  upn: {
    quality: 'mutable',
    note: 'can be changed and given to somebody else; guests may have none',
  },
  unique_name: { quality: 'mutable', note: 'for people to read; not unique' },
  preferred_username: { quality: 'mutable', note: 'for people to read; can be changed' },
  email: {
    quality: 'mutable',
    note: 'not unique, and not verified unless xms_edov is true: guests have the same in every tenant',
  },
  name: { quality: 'not_a_key', note: 'for people to read' },
  appid: { quality: 'not_a_key', note: 'the application that called (v1)' },
  azp: { quality: 'not_a_key', note: 'the application that called (v2)' },
  scp: { quality: 'not_a_key', note: 'what a user let the application do' },
  roles: { quality: 'not_a_key', note: 'app roles of the user or the application' },
  groups: { quality: 'not_a_key', note: 'at most 200; beyond, a reference stands in their place' },
  idtyp: {
    quality: 'not_a_key',
    note: '"app": the token stands for an application, not for a user',
  },
  idp: { quality: 'not_a_key', note: 'where the user signed in, when that is another tenant' },
  xms_edov: { quality: 'not_a_key', note: 'whether the domain of the e-mail address is verified' },
  uti: { quality: 'not_a_key', note: 'names this token in the sign-in logs' },
  jti: { quality: 'not_a_key', note: 'names this token' },
}

/** What is known of a claim; undefined for those of somebody's own. */
export function noteOf(claim: string): ClaimNote | undefined {
  return Object.hasOwn(notes, claim) ? notes[claim] : undefined
}

/** Claims an account could be found by that a source of the provider does not have. */
export function lackingInUserInfo(
  claims: Readonly<Record<string, unknown>>,
  { entra }: Pick<TokenKind, 'entra'>,
): readonly string[] {
  if (entra === undefined) return []
  return Object.keys(claims).filter((name) => {
    const quality = noteOf(name)?.quality
    const isUsed = quality !== undefined && (quality !== 'not_a_key' || name === 'roles')
    return (isUsed || name === 'groups') && !entraUserInfoClaims.includes(name)
  })
}
