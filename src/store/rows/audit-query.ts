import type { AuditQuery } from '../../access/index.ts'

/** The conditions of a query over the record, each with the value it compares with. */
export function auditConditions(
  query: AuditQuery,
): readonly (readonly [condition: string, value: string | number])[] {
  const { after, actor, action, target, connection, since, before } = query
  const wanted = [
    ['id <', after],
    ['actor =', actor],
    ['action =', action],
    ['target =', target],
    ['connection =', connection],
    ['at >=', since],
    ['at <', before],
  ] as const
  return wanted.flatMap(([condition, value]) => (value === undefined ? [] : [[condition, value]]))
}
