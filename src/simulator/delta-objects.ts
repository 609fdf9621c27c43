import { removedRow, setValuesOf } from './delta-source.ts'
import type { DeltaRound, DeltaSource, DeltaStep } from './delta-source.ts'
import { administrativeUnitSource, deviceSource, directoryRoleSource } from './graph-directory.ts'
import type { ObjectSource } from './graph-objects.ts'
import { servicePrincipalSource } from './graph-service-principals.ts'
import { drawDevice } from './device.ts'
import { happeningsIn, type DeltaCollection } from './journal.ts'
import type { Tenant } from './tenants.ts'

/** Tells the id of an object that is no more; undefined where none ever goes. */
type GoneId = (tenant: Tenant, index: number) => string | undefined

/** The deltas of a collection of plain objects: they come and go, and never change. */
function objectDeltas<Row>(
  collection: DeltaCollection,
  source: ObjectSource<Row>,
  goneId: GoneId,
): DeltaSource {
  const { entitySet, permissions, properties, type } = source
  const stepOf = (
    { ids, names }: DeltaRound,
    cursor: readonly [number, number],
    object: Row,
  ): DeltaStep | undefined => {
    const row = properties.row(object, names)
    if (ids !== undefined && !ids.has(String(row['id']))) return undefined
    return { cursor, row: setValuesOf(row) }
  }
  return {
    collection,
    entitySet,
    type,
    permissions,
    relations: ['members'],
    defaults: properties.names,
    find: properties.find,
    *all(round, [, at]) {
      for (const [index, object] of source.rows(round.tenant, at)) {
        const step = stepOf(round, [0, index], object)
        if (step !== undefined) yield step
      }
    },
    *changes(round, span, [, at]) {
      const { tenant } = round
      for (const [place, { index }] of happeningsIn(tenant.journal, collection, span).entries()) {
        if (place < at) continue
        const [found] = source.rows(tenant, index)
        const step = found?.[0] === index ? stepOf(round, [0, place], found[1]) : undefined
        if (step !== undefined) yield step
        const id = found?.[0] === index ? undefined : goneId(tenant, index)
        if (id !== undefined && round.ids?.has(id) !== false) {
          yield { cursor: [0, place], row: removedRow(id, true) }
        }
      }
    },
  }
}

/** `/devices/delta`. */
export const deviceDeltas = objectDeltas(
  'devices',
  deviceSource,
  ({ groups }, index) => drawDevice(groups, index).id,
)

/** `/servicePrincipals/delta`. */
export const principalDeltas = objectDeltas(
  'servicePrincipals',
  servicePrincipalSource,
  () => undefined,
)

/** `/directory/administrativeUnits/delta`. */
export const unitDeltas = objectDeltas('units', administrativeUnitSource, () => undefined)

/** `/directoryRoles/delta`. */
export const roleDeltas = objectDeltas('roles', directoryRoleSource, () => undefined)
