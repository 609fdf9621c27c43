import type { ReactElement } from 'react'
import { useNow } from '../../parts/instant.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { useTexts } from '../../texts/index.ts'
import { stateOf, type FacadeClient } from './facade.ts'

/** Whether a client is served, waits for an approval, or is revoked. */
export function FacadeState({ client }: { readonly client: FacadeClient }): ReactElement {
  const { facades } = useTexts()
  const state = stateOf(client, useNow(15_000))
  return <StateBadge state={state} label={facades.states[state] ?? state} />
}
