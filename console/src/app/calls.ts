import {
  keepPreviousData,
  QueryClient,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
  type UseMutationResult,
  type UseQueryResult,
} from '@tanstack/react-query'
import { EvergrantProblem, type ListId, type OperationId } from '../../../src/client/index.ts'
import type { Operations } from '../../../src/client/index.ts'
import { client } from './client.ts'
import { goToSignIn } from './session.ts'

type CallId = Exclude<OperationId, 'events.stream'>
type Item<Id extends ListId> = Operations[Id]['result'] extends {
  readonly items: readonly (infer One)[]
}
  ? One
  : never

/** Made once: what is on screen is the answer of the service, kept for moments. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      refetchOnWindowFocus: true,
      retry: (failures, error) =>
        failures < 2 && !(error instanceof EvergrantProblem && error.status < 500),
    },
  },
})

/** Whether an error says that nobody is signed in any more. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof EvergrantProblem && error.status === 401
}

/** Asks once. Nothing of the question or its answer is kept. */
export async function ask<Id extends CallId>(
  id: Id,
  input: Operations[Id]['input'],
  signal?: AbortSignal,
): Promise<Operations[Id]['result']> {
  try {
    return await client.call(id, input, signal === undefined ? {} : { signal })
  } catch (error) {
    if (isSignedOut(error)) goToSignIn()
    throw error
  }
}

/** What an operation answers, kept up to date while it is on screen. */
export function useCall<Id extends CallId>(
  id: Id,
  input: Operations[Id]['input'],
  {
    everyMs,
    enabled = true,
    keepsOld = true,
    staysAsRead = false,
  }: {
    readonly everyMs?: number
    readonly enabled?: boolean
    /** False where the answer to another question must not stand there until the new one comes. */
    readonly keepsOld?: boolean
    /** Read once: what a form was filled with must not change below what is typed. */
    readonly staysAsRead?: boolean
  } = {},
): UseQueryResult<Operations[Id]['result']> {
  return useQuery({
    // By another name it is out of reach of what makes lists old.
    queryKey: [staysAsRead ? `read once ${id}` : id, input],
    queryFn: ({ signal }) => ask(id, input, signal),
    enabled,
    ...(staysAsRead ? { refetchOnWindowFocus: false, gcTime: 0 } : {}),
    ...(keepsOld ? { placeholderData: keepPreviousData } : {}),
    ...(everyMs === undefined ? {} : { refetchInterval: everyMs }),
  })
}

/** A list of the API, page by page. */
export interface Listed<One> {
  readonly items: readonly One[]
  readonly error: Error | null
  readonly isLoading: boolean
  /** Fetches the next page; undefined when there is none. */
  readonly more: (() => void) | undefined
  readonly isFetchingMore: boolean
  readonly again: () => void
}

/** Reads a list; further pages come when `more` is called. */
export function useList<Id extends ListId>(
  id: Id,
  input: Omit<Operations[Id]['input'], 'cursor' | 'limit'> & { readonly limit?: number },
  { everyMs, enabled = true }: { readonly everyMs?: number; readonly enabled?: boolean } = {},
): Listed<Item<Id>> {
  const query = useInfiniteQuery({
    queryKey: [id, input],
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ pageParam, signal }) => {
      const asked = { ...input, ...(pageParam === undefined ? {} : { cursor: pageParam }) }
      const page = await ask(id, asked as Operations[Id]['input'], signal)
      return page as unknown as { items: readonly Item<Id>[]; next: string | null }
    },
    getNextPageParam: (page) => page.next ?? undefined,
    enabled,
    placeholderData: keepPreviousData,
    ...(everyMs === undefined ? {} : { refetchInterval: everyMs }),
  })
  return {
    items: query.data?.pages.flatMap(({ items }) => items) ?? [],
    error: query.error,
    isLoading: query.isPending && enabled,
    more: query.hasNextPage ? () => void query.fetchNextPage() : undefined,
    isFetchingMore: query.isFetchingNextPage,
    again: () => void query.refetch(),
  }
}

/**
 * Something that changes the service. Afterwards everything on screen of the named nouns is read
 * anew.
 */
export function useAction<Id extends CallId>(
  id: Id,
  { touches = [] }: { readonly touches?: readonly string[] } = {},
): UseMutationResult<Operations[Id]['result'], Error, Operations[Id]['input']> {
  const cache = useQueryClient()
  return useMutation({
    mutationKey: [id],
    // What was sent or answered may hold a secret: it is let go of as soon as nothing on screen
    // needs it.
    gcTime: 0,
    mutationFn: (input: Operations[Id]['input']) => ask(id, input),
    onSettled: async () => {
      const nouns = new Set([nounOf(id), ...touches])
      await cache.invalidateQueries({ predicate: ({ queryKey }) => nouns.has(nounOf(queryKey[0])) })
    },
  })
}

/** The noun of an operation: `connections` of `connections.list`. */
export function nounOf(id: unknown): string {
  return typeof id === 'string' ? (id.split('.', 1)[0] ?? '') : ''
}
