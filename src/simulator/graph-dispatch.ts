import type { Answer, RequestKind, SimulatedRequest } from './answer.ts'
import type { FaultEffect } from './faults.ts'
import { authorizeGraph, type GraphCaller } from './graph-authorize.ts'
import { answerBatch } from './graph-batch.ts'
import { answerDelta } from './graph-delta.ts'
import { administrativeUnitSource, deviceSource, directoryRoleSource } from './graph-directory.ts'
import { graphError } from './graph-errors.ts'
import { answerGetByIds } from './graph-get-by-ids.ts'
import { answerGroup, answerGroups } from './graph-groups.ts'
import { answerCheckMemberGroups, answerGraphUserInfo } from './graph-identity.ts'
import { answerManager, answerUsersWithManager } from './graph-managers.ts'
import { answerMyMemberOf, answerOrganization } from './graph-me.ts'
import { answerObjects, type ObjectSource } from './graph-objects.ts'
import { advancedRefusal } from './graph-options.ts'
import { answerMembers, answerOwners, answerRoleMembers } from './graph-relations.ts'
import { servicePrincipalSource } from './graph-service-principals.ts'
import { answerCount, answerMe, answerUser, answerUsers, graphThrottled } from './graph-users.ts'
import { throttleKeyOf } from './graph-users.ts'
import { unitsOf, type Charge } from './throttle.ts'
import type { World } from './world.ts'

type Handler = (
  world: World,
  request: SimulatedRequest,
  caller: GraphCaller,
  effect: FaultEffect | undefined,
) => Answer

/** Answers a collection of plain objects. */
function objects<Row>(source: ObjectSource<Row>): Handler {
  return (world, request, caller, effect) => answerObjects(world, request, caller, effect, source)
}

const handlers: Readonly<Partial<Record<RequestKind, Handler>>> = {
  users: (world, request, caller, effect) =>
    request.query.has('$expand')
      ? answerUsersWithManager(world, request, caller, effect)
      : answerUsers(world, request, caller, effect),
  delta: answerDelta,
  count: answerCount,
  me: (_, request, caller) => answerMe(request, caller),
  myMemberOf: (_, request, caller) => answerMyMemberOf(request, caller),
  organization: (_, request, caller) => answerOrganization(request, caller),
  user: (_, request, caller) => answerUser(request, caller),
  groups: answerGroups,
  group: (_, request, caller) => answerGroup(request, caller),
  members: answerMembers,
  owners: answerOwners,
  servicePrincipals: objects(servicePrincipalSource),
  devices: objects(deviceSource),
  administrativeUnits: objects(administrativeUnitSource),
  directoryRoles: objects(directoryRoleSource),
  roleMembers: answerRoleMembers,
  manager: (_, request, caller) => answerManager(request, caller),
  getByIds: answerGetByIds,
  memberOf: (_, request, caller) => answerCheckMemberGroups(request, caller),
  graphUserInfo: (_, request, caller) => answerGraphUserInfo(request, caller),
}

/** Kinds that are asked by POST; all others by GET. */
const actions: ReadonlySet<RequestKind> = new Set(['memberOf', 'getByIds', 'batch'])

/** Answers a request to Graph: token, method and budget are judged before what it asks. */
export function answerGraph(
  world: World,
  request: SimulatedRequest,
  effect: FaultEffect | undefined,
): Answer {
  const caller = authorizeGraph(world, request)
  if (!caller.ok) return caller.error
  if (request.method !== (actions.has(request.kind) ? 'POST' : 'GET')) {
    const message = `The simulator does not serve ${request.method} here.`
    return graphError(request, 405, 'MethodNotAllowed', message)
  }
  // A batch itself costs nothing: its items do.
  if (request.kind === 'batch') {
    return answerBatch(world, request, (item) => answerGraph(world, item, undefined))
  }
  const key = throttleKeyOf(caller.value)
  const charge = world.throttle.charge(key, unitsOf(request), request.receivedAt)
  if (!charge.isThrottled) {
    return underLoad(world, charge, answerCaller(world, request, caller.value, effect))
  }
  world.counters.throttled++
  return underLoad(world, charge, graphThrottled(request, caller.value, charge))
}

function answerCaller(
  world: World,
  request: SimulatedRequest,
  caller: GraphCaller,
  effect: FaultEffect | undefined,
): Answer {
  const refused = caller.tenant.servesAdvanced ? undefined : advancedRefusal(request)
  if (refused !== undefined) return refused
  const handler = handlers[request.kind]
  if (handler !== undefined) return handler(world, request, caller, effect)
  const segment = request.path.split('/')[2] ?? ''
  const message = `Resource not found for the segment '${segment}'.`
  return graphError(request, 400, 'BadRequest', message)
}

/** From this share of its budget on an application is told how far it is. */
const toldShare = 0.8
const mostShare = 1.8

/** What a budget being spent does to an answer: its time, and a header where that is wished for. */
function underLoad(world: World, { usedShare }: Charge, answer: Answer): Answer {
  const { latencyUnderLoadMs, tellsShare } = world.throttle
  const latencyMs =
    latencyUnderLoadMs === undefined
      ? undefined
      : latencyUnderLoadMs[0] +
        (latencyUnderLoadMs[1] - latencyUnderLoadMs[0]) * Math.min(1, usedShare)
  const loaded = latencyMs === undefined ? answer : { ...answer, latencyMs }
  if (!tellsShare || usedShare < toldShare) return loaded
  const share = Math.min(mostShare, usedShare).toFixed(2)
  return {
    ...loaded,
    headers: { ...answer.headers, 'x-ms-throttle-limit-percentage': share },
  }
}
