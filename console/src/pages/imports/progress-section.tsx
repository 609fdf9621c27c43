import { Group, Progress, Stack, Text } from '@mantine/core'
import type { ReactElement } from 'react'
import { describeCount } from '../../parts/amounts.ts'
import { Section } from '../../parts/section.tsx'
import { useTexts } from '../../texts/index.ts'
import { collectionsOf, type CollectionSum, type Run } from './run.ts'

/** How far each collection is, against what the directory counted before. */
export function ProgressSection({ run }: { readonly run: Run }): ReactElement {
  const { run: texts } = useTexts()
  return (
    <Section title={texts.progress}>
      <Stack gap="md">
        {collectionsOf(run).map((one) => (
          <Collection key={one.collection} sum={one} />
        ))}
      </Stack>
    </Section>
  )
}

function Collection({ sum }: { readonly sum: CollectionSum }): ReactElement {
  const { run: texts } = useTexts()
  const { collection, walks, restarts, isFinished } = sum
  const share = shareOf(sum)
  const remarks = [
    ...(walks > 1 ? [texts.shards(walks)] : []),
    ...(restarts > 0 ? [texts.restarts(restarts)] : []),
  ]
  return (
    <div>
      <Group justify="space-between" gap="xs" mb={6}>
        <Text fw={600} size="sm">
          {collection}
        </Text>
        <Text size="sm" c="dimmed" className="numbers">
          {[wordsOf(sum, texts), ...remarks].join(' · ')}
        </Text>
      </Group>
      <Progress.Root size="md">
        <Progress.Section
          value={share * 100}
          color={isFinished ? 'pine' : 'blue'}
          striped={!isFinished && share > 0}
          aria-label={texts.progressOf(collection)}
        />
      </Progress.Root>
    </div>
  )
}

function shareOf({ isFinished, rows, groups, before, walks }: CollectionSum): number {
  if (isFinished) return 1
  const done = groups ?? rows
  if (before === undefined || before === 0) return walks === 0 ? 0 : 0.02
  return Math.min(0.99, done / before)
}

function wordsOf(
  { collection, walks, rows, groups, before, isFinished }: CollectionSum,
  texts: ReturnType<typeof useTexts>['run'],
): string {
  if (walks === 0) return texts.waitingForIt
  const read = describeCount(rows)
  if (isFinished) return texts.rowsDone(read)
  if (before === undefined) return texts.rowsSoFar(read)
  const all = describeCount(before)
  if (groups !== undefined) return texts.sourcesOf(collection, describeCount(groups), all, read)
  return texts.rowsOf(read, all)
}
