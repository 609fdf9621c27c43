import type { GrantQuery } from '../../grants/ports.ts'
import type { Connection } from './connection.ts'
import { grantColumns, mayBeDue, type GrantRow } from './grant-rows.ts'

/**
 * The statement that answers a query. Each combination of filters has a text of its own, so that
 * each can use an index that gives the rows in order.
 */
export function listingSql(query: GrantQuery): string {
  const { connection, tenant, standing, afterId } = query
  const conditions: string[] = []
  if (connection !== undefined) conditions.push('connection = @connection')
  if (tenant !== undefined) conditions.push('tenant = @tenant')
  if (standing !== undefined) {
    const isAlone = connection === undefined && tenant === undefined
    // `+` keeps this condition from choosing the index where another one narrows far more.
    conditions.push(isAlone ? 'standing = @standing' : '+standing = @standing')
    // Word for word what the partial index says.
    if (isAlone && standing !== 'current') conditions.push(`standing <> 'current'`)
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
