import { collections, type CollectionName } from '../directory/index.ts'
import type { WalkDependencies } from './commit-step.ts'
import { createGoneCheck, type ConfirmGone } from './confirm-gone.ts'
import { createIdLookUp } from './look-up-ids.ts'
import type { RunOptions } from './ports.ts'

/**
 * Makes the check whether the sources of a collection of edges (groups, directory roles) are gone,
 * or there after all; a run's filter is no reason to be gone.
 */
export function createSourceCheck(deps: WalkDependencies, edges: CollectionName): ConfirmGone {
  const { filter: _, ...whole } = deps.run.options
  const collection = sourcesOf(edges)
  const options: RunOptions = { ...whole, columns: { [collection]: ['id'] } }
  const lookUp = createIdLookUp({ ...deps, seal: undefined }, options, { collection })
  return createGoneCheck(deps, options, collection, lookUp)
}

/** The collection of the objects that edges come from. */
function sourcesOf(edges: CollectionName): CollectionName {
  const { path } = collections[edges]
  const found = Object.values(collections).find(
    (one) => one.path === path && one.relation === undefined && one.asks === undefined,
  )
  if (found === undefined) throw new RangeError(`${edges} come from no collection`)
  return found.name
}
