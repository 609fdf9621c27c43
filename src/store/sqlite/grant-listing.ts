import type { GrantQuery } from '../../grants/ports.ts'
import { grantColumns, mayBeDue, type GrantRow } from '../rows/grant-row.ts'
import type { Connection } from './connection.ts'

/**
 * The statement that answers a query. Each combination of filters has a text of its own, so that
 * each can use an index that gives the rows in order.
 */
export function listingSql(query: GrantQuery): string {
  const { connection, tenant, standing, afterId } = query
  const conditions: string[] = []
  if (connection !== undefined) conditions.push('connection = @connection')
  if (tenant !== undefined) conditions.push('tenant = @tenant')
  if (standing === 'current' || (standing !== undefined && tenant !== undefined)) {
    // `+` keeps this condition from choosing an index where the others narrow far more.
    conditions.push('+standing = @standing')
  } else if (standing !== undefined) {
    // The second half is what the partial indexes say, word for word.
    conditions.push(`standing = @standing AND standing <> 'current'`)
  }
  if (afterId !== undefined) conditions.push('id < @afterId')
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
  return `SELECT ${grantColumns} FROM grants ${where} ORDER BY id DESC LIMIT @limit`
}

/** A page of grants, newest first. */
export function listGrantRows({ prepare }: Connection, query: GrantQuery): readonly GrantRow[] {
  return prepare<[GrantQuery], GrantRow>(listingSql(query)).all(query)
}

/** Finds what is due, the most overdue first. */
export const dueSql = `SELECT ${grantColumns} FROM grants
  WHERE ${mayBeDue} AND keep_alive_at <= ? ORDER BY keep_alive_at LIMIT ?`

/** Finds when something will be due. */
export const earliestDueSql = `SELECT min(keep_alive_at) AS at FROM grants WHERE ${mayBeDue}`
