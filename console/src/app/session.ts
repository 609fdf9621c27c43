import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import { EvergrantProblem, type Problem } from '../../../src/client/index.ts'
import { setCsrf } from './client.ts'
import { presenceHeaders } from './presence.ts'

/** Who is signed in. */
export interface ConsoleSession {
  readonly name: string
  readonly role: 'viewer' | 'operator' | 'admin'
  readonly caller_id: string
  readonly csrf: string
  readonly expires_at: string
  readonly idle_expires_at: string
  readonly sign_in: { readonly kind: 'issuer' | 'link'; readonly issuer: string | null }
}

const order = ['viewer', 'operator', 'admin'] as const

const returnKey = 'evergrant-return-to'

/** Leads to the sign-in page, and back here after it. */
export function goToSignIn(): void {
  const here = `${location.pathname}${location.search}`
  // A link knows nothing of where somebody was: this tab does.
  sessionStorage.setItem(returnKey, here)
  location.assign(`/console/sign-in?return_to=${encodeURIComponent(here)}`)
}

/** Where somebody was when their session ended, for whoever signed in by a link since; once. */
export function takeReturn(): string | undefined {
  const there = sessionStorage.getItem(returnKey) ?? ''
  sessionStorage.removeItem(returnKey)
  const isElsewhere = location.pathname === '/console/' && there.startsWith('/console/')
  return isElsewhere && there !== '/console/' ? there : undefined
}

/** Reads who is signed in. @throws EvergrantProblem 401 when nobody is */
export async function readSession(signal?: AbortSignal): Promise<ConsoleSession> {
  const answer = await fetch('/console/session', {
    headers: { accept: 'application/json', ...presenceHeaders() },
    ...(signal === undefined ? {} : { signal }),
  })
  const body: unknown = await answer.json()
  if (!answer.ok) throw new EvergrantProblem(body as Problem)
  const session = body as ConsoleSession
  setCsrf(session.csrf)
  return session
}

/** Who is signed in; read again from time to time, so that an ended session is seen. */
export function useSession(): UseQueryResult<ConsoleSession> {
  return useQuery({
    queryKey: ['session'],
    queryFn: ({ signal }) => readSession(signal),
    staleTime: 60_000,
    refetchInterval: 30_000,
    refetchIntervalInBackground: true,
    retry: false,
  })
}

/** Tells whether whoever is signed in has at least a role. */
export function useMay(role: ConsoleSession['role']): boolean {
  const session = useSession().data
  return session !== undefined && order.indexOf(session.role) >= order.indexOf(role)
}

/** Ends the session here and at the service. */
export async function signOut(): Promise<void> {
  const { csrf } = await readSession()
  await fetch('/console/sign-out', { method: 'POST', headers: { 'evergrant-csrf': csrf } })
  location.assign('/console/sign-in')
}
