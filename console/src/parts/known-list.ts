import type { Listed } from '../app/calls.ts'

/** What is known already, as a list that is complete. */
export function listOf<One>(items: readonly One[]): Listed<One> {
  return {
    items,
    error: null,
    isLoading: false,
    more: undefined,
    isFetchingMore: false,
    again: () => {},
  }
}
