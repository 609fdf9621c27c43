import type { EdgeKind, RowKind } from '../../directory/index.ts'

const edgeKinds: Readonly<Record<EdgeKind, true>> = { member: true, owner: true, roleMember: true }

/** Tells whether rows of a kind stand in the table of edges. */
export function standsAsEdge(kind: RowKind): kind is EdgeKind {
  return Object.hasOwn(edgeKinds, kind)
}
