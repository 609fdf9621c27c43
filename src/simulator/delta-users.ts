import { removedRow, reportedNames, setValuesOf } from './delta-source.ts'
import type { DeltaRound, DeltaSource, DeltaStep } from './delta-source.ts'
import { happeningsIn } from './journal.ts'
import { drawPerson, idOf } from './person.ts'
import { defaultProperties, userProperty } from './user-properties.ts'
import { userReaders } from './users-query.ts'

/** `/users/delta`. */
export const userDeltas: DeltaSource = {
  collection: 'users',
  entitySet: 'users',
  type: 'user',
  permissions: userReaders,
  relations: [],
  defaults: defaultProperties,
  find: userProperty,
  *all(round, [part, at]) {
    const { deletedUsers, userCount } = round.tenant
    if (part === 0) {
      for (let index = at; index < userCount; index++) {
        if (deletedUsers.has(index)) continue
        yield* stepOf(round, [0, index], index, round.names)
      }
    }
    const gone = [...deletedUsers].filter((index) => index < userCount).toSorted((a, b) => a - b)
    for (const [place, index] of gone.entries()) {
      if (part === 1 && place < at) continue
      yield* stepOf(round, [1, place], index, round.names)
    }
  },
  *changes(round, span, [, at]) {
    const happenings = happeningsIn(round.tenant.journal, 'users', span)
    for (const [place, happening] of happenings.entries()) {
      const names = place < at ? undefined : reportedNames(round, happening)
      if (names !== undefined) yield* stepOf(round, [0, place], happening.index, names)
    }
  },
}

function* stepOf(
  { ids, tenant }: DeltaRound,
  cursor: readonly [number, number],
  index: number,
  names: readonly string[],
): Generator<DeltaStep> {
  const person = drawPerson(tenant.population, index)
  const id = idOf(person)
  if (ids !== undefined && !ids.has(id)) return
  const isBeyond = index >= tenant.userCount
  if (isBeyond || tenant.deletedUsers.has(index)) {
    yield { cursor, row: removedRow(id, isBeyond) }
    return
  }
  const values = names.map((name) => [name, userProperty(name)?.value(person)] as const)
  yield { cursor, row: setValuesOf(Object.fromEntries(values), person.change?.cleared) }
}
