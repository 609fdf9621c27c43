import { Group, Text } from '@mantine/core'
import type { ReactElement } from 'react'
import { Section } from '../../parts/section.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { useTexts } from '../../texts/index.ts'
import type { Explained } from './explanation.ts'

/** Every stage in its order, and how it went. */
export function ExplainedStages({ stages }: Pick<Explained, 'stages'>): ReactElement {
  const { explain: texts, refusals } = useTexts()
  return (
    <Section title={texts.stages}>
      <ol className="rungs" aria-label={texts.stages}>
        {stages.map(({ stage, outcome, what }) => (
          <li key={stage} data-outcome={outcome}>
            <Group justify="space-between" gap="xs" wrap="nowrap" align="flex-start">
              <Text fw={600} size="sm">
                {refusals.stages[stage] ?? stage}
              </Text>
              <StateBadge state={outcome} label={texts.outcomes[outcome] ?? outcome} />
            </Group>
            <Text size="sm" c="dimmed" className="break-anywhere">
              {what}
            </Text>
          </li>
        ))}
      </ol>
    </Section>
  )
}
