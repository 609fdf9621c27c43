import { describeExchanges } from '../../test/contract/exchanges.contract.ts'
import { describeGrantModel } from '../../test/contract/grant-model.contract.ts'
import type { MakeStore } from '../../test/contract/builders.ts'
import { createMemoryGrantStore } from '../../test/support/memory-grant-store.ts'

/** The tests of this room are worth what their store is worth: it keeps the contract of all. */
const makeStore = (async () => {
  const grants = createMemoryGrantStore()
  return { open: async () => ({ grants }), dispose: async () => {} }
}) as unknown as MakeStore

describeExchanges('the memory of tests', makeStore)
describeGrantModel('the memory of tests', makeStore)
