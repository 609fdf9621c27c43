/** Name of the template whose grants are many. */
export const templateName = 'csp'

/** What is made up of grants, and how many of them may be due. */
export interface ManyGrants {
  readonly grants: number
  readonly due: number
}

/** A grant as it is made up. */
export interface MadeGrant {
  readonly id: string
  readonly tenant: string
}

/** The grant at a position, from 0. Ids ascend, as those made one after the other; tenants do not. */
export function grantAt(position: number): MadeGrant {
  const tail = position.toString(16).padStart(12, '0')
  // A permutation of 32 bits, so that no two tenants are the same.
  const mixed = (Math.imul(position, 0x9e37_79b1) >>> 0).toString(16).padStart(8, '0')
  return {
    id: `grt_01990000-0000-7000-8000-${tail}`,
    tenant: `${mixed}-2222-4333-8444-${tail}`,
  }
}

/** The ids of those that are due in a round: spread over all, and others in each round. */
export function dueIn(round: number, { grants, due }: ManyGrants): readonly string[] {
  const stride = Math.floor(grants / due)
  if (round >= stride) throw new RangeError(`there are grants for ${stride} rounds only`)
  return Array.from({ length: due }, (_, position) => grantAt(position * stride + round).id)
}

/** How many grants came out in which way. */
export interface GrantCount {
  /** 1: as it was made; 2: renewed once. */
  readonly refreshVersion: number
  readonly count: number
  /** Whether their next renewal lies ahead, and nothing is left open. */
  readonly areSettled: boolean
}

/** A store with many grants, from the outside. */
export interface GrantTable {
  /** Writes all of them as active grants whose next renewal lies days ahead. */
  fill(): Promise<void>
  /** Makes the time of these come an hour ago. */
  makeDue(ids: readonly string[]): Promise<void>
  countAll(): Promise<readonly GrantCount[]>
  countOf(ids: readonly string[]): Promise<readonly GrantCount[]>
  /** Bytes on the disk: the file, or the database; and those of the log beside it. */
  size(): Promise<{ readonly bytes: number; readonly logBytes: number }>
  close(): Promise<void>
}
