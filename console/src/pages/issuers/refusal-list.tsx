import { Group, Paper, Skeleton, Stack, Text } from '@mantine/core'
import { IconSearch, IconShieldCheck } from '@tabler/icons-react'
import type { ReactElement } from 'react'
import type { Operations } from '../../../../src/client/index.ts'
import type { Listed } from '../../app/calls.ts'
import { CopyButton } from '../../parts/copy-button.tsx'
import { Empty } from '../../parts/empty.tsx'
import { Facts } from '../../parts/facts.tsx'
import { Instant } from '../../parts/instant.tsx'
import { ProblemAlert } from '../../parts/problem.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { useTexts } from '../../texts/index.ts'

/** A token that was refused. */
export type Refusal = Operations['issuers.refusals']['result']['items'][number]

/** Refusals with all that is known of each: stage, expectation, finding, remedy. */
export function RefusalList({
  list,
  rows,
  isFiltered,
}: {
  readonly list: Listed<Refusal>
  readonly rows: readonly Refusal[]
  readonly isFiltered: boolean
}): ReactElement {
  const { refusals: texts, common } = useTexts()
  if (list.isLoading) return <Skeleton height={120} role="status" aria-label={common.loading} />
  if (list.error !== null && rows.length === 0) {
    return <ProblemAlert error={list.error} again={list.again} />
  }
  if (rows.length === 0) {
    return isFiltered ? (
      <Empty icon={IconSearch} title={texts.noneFound} hint={texts.noneFoundHint} />
    ) : (
      <Empty icon={IconShieldCheck} title={texts.none} hint={texts.noneHint} />
    )
  }
  return (
    <Stack gap="sm">
      {rows.map((one) => (
        <RefusalCard key={`${one.at} ${one.fingerprint} ${one.request_id}`} refusal={one} />
      ))}
      <Text size="sm" c="dimmed" role="status">
        {common.shown(rows.length)}
      </Text>
    </Stack>
  )
}

function RefusalCard({ refusal }: { readonly refusal: Refusal }): ReactElement {
  const { refusals: texts, common } = useTexts()
  const { at, issuer, stage, code, expected, seen, remedy, request_id: requestId } = refusal
  return (
    <Paper withBorder p="md" component="article" aria-label={`${texts.stages[stage]} ${code}`}>
      <Group justify="space-between" gap="xs" mb="xs">
        <Group gap="xs">
          <StateBadge state="refused" label={texts.stages[stage] ?? stage} />
          <Text size="sm" ff="monospace">
            {code}
          </Text>
        </Group>
        <Text size="sm" c="dimmed" component="div">
          {issuer !== null && `${issuer} · `}
          <Instant at={at} />
        </Text>
      </Group>
      <dl className="compared">
        <dt>{texts.expected}</dt>
        <dd>{expected}</dd>
        <dt>{texts.seen}</dt>
        <dd>{seen}</dd>
        <dt>{common.whatToDo}</dt>
        <dd>{remedy}</dd>
      </dl>
      <details className="details">
        <summary>{texts.more}</summary>
        <Facts
          facts={[
            [texts.columns.request, requestId],
            [texts.tokenId, refusal.token_id],
            [texts.keyId, refusal.key_id],
            [texts.fingerprint, refusal.fingerprint],
          ]}
        />
        <CopyButton
          text={[code, `${texts.expected}: ${expected}`, `${texts.seen}: ${seen}`, requestId].join(
            '\n',
          )}
          label={common.copyForSupport}
        />
      </details>
    </Paper>
  )
}
