import { Group, Text, VisuallyHidden } from '@mantine/core'
import type { ReactElement } from 'react'
import { useTexts } from '../texts/index.ts'
import { CopyButton } from './copy-button.tsx'
import { TroubleText } from './problem.tsx'
import { StateBadge } from './state-badge.tsx'

/** One proof that something works, or what it showed instead. */
export interface Rung {
  readonly name: string
  readonly title: string
  readonly outcome: 'waiting' | 'running' | 'passed' | 'failed' | 'unverified'
  readonly detail: string | null
  readonly code?: string | null
  readonly remedy?: string | null
  readonly steps?: readonly string[]
  readonly link?: string | null
  readonly actor?: string | null
  readonly request_ids?: readonly string[]
}

/** Proofs in their order, each with what it showed; told politely as they come in. */
export function Rungs({
  label,
  rungs,
}: {
  readonly label: string
  readonly rungs: readonly Rung[]
}): ReactElement {
  const { common } = useTexts()
  const done = rungs.filter(({ outcome }) => outcome !== 'waiting' && outcome !== 'running')
  const current = rungs.find(({ outcome }) => outcome === 'running')
  return (
    <>
      <VisuallyHidden role="status">
        {common.rungsDone(done.length, rungs.length, current?.title)}
      </VisuallyHidden>
      <ol className="rungs" aria-label={label}>
        {rungs.map((rung, index) => (
          // A proof may stand twice: once for each API.
          <li key={`${rung.name} ${index}`} data-outcome={rung.outcome}>
            <Group justify="space-between" gap="xs" wrap="nowrap" align="flex-start">
              <Text fw={600} size="sm" className="break-anywhere">
                {rung.title}
              </Text>
              <StateBadge state={rung.outcome} />
            </Group>
            <RungDetail rung={rung} />
          </li>
        ))}
      </ol>
    </>
  )
}

function RungDetail({ rung }: { readonly rung: Rung }): ReactElement | null {
  const { common } = useTexts()
  const { outcome, detail, request_ids: ids = [] } = rung
  const isTrouble = outcome === 'failed' || (outcome === 'unverified' && Boolean(rung.remedy))
  return (
    <>
      {isTrouble && detail !== null ? (
        <TroubleText trouble={{ ...rung, detail }} />
      ) : (
        detail !== null && (
          <Text size="sm" c="dimmed">
            {detail}
          </Text>
        )
      )}
      {ids.length > 0 && (
        <details className="request-ids">
          <summary>{common.requestIds(ids.length)}</summary>
          {ids.map((id) => (
            <Group key={id} gap="xs" wrap="nowrap">
              <Text size="xs" ff="monospace" className="break-anywhere">
                {id}
              </Text>
              <CopyButton text={id} />
            </Group>
          ))}
        </details>
      )}
    </>
  )
}
