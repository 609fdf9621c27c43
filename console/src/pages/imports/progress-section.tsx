import { Button, Group, Progress, Stack, Text } from '@mantine/core'
import { useState, type ReactElement } from 'react'
import { describeCount, describeDuration } from '../../parts/amounts.ts'
import { Section } from '../../parts/section.tsx'
import { useTexts } from '../../texts/index.ts'
import { describeChanges, describeEffort, describePlan } from './effort-text.ts'
import {
  changesOf,
  isLive,
  shareOf,
  type Changes,
  type Manifest,
  type Run,
  type Walk,
} from './run.ts'
import { ShardGrid } from './shard-grid.tsx'
import { ShardTable } from './shard-table.tsx'
import { usePace } from './use-pace.ts'

/** How far each collection is, against what the directory counted before, cursor by cursor. */
export function ProgressSection({ run }: { readonly run: Run }): ReactElement {
  const { run: texts } = useTexts()
  const { manifest = [], walks = [] } = run
  return (
    <Section title={texts.progress}>
      <Stack gap="lg">
        {manifest.map((one) => (
          <Collection
            key={one.collection}
            manifest={one}
            walks={walks.filter(({ collection }) => collection === one.collection)}
            changes={changesOf(run, one.collection)}
            isRunning={isLive(run)}
          />
        ))}
      </Stack>
    </Section>
  )
}

function Collection({
  manifest,
  walks,
  changes,
  isRunning,
}: {
  readonly manifest: Manifest
  readonly walks: readonly Walk[]
  readonly changes: Changes | undefined
  readonly isRunning: boolean
}): ReactElement {
  const { run: texts } = useTexts()
  const [hasNumbers, setNumbers] = useState(false)
  const pace = usePace(manifest)
  const { collection, counted, restarts, shards, shards_finished: finished, state } = manifest
  const share = shareOf(manifest)
  const isRead = state === 'read'
  const now = [
    ...(shards > 1 ? [texts.shardsRead(finished, shards)] : []),
    ...(restarts > 0 ? [texts.restarts(restarts)] : []),
    ...(isRunning && pace !== undefined
      ? [texts.pace(describeCount(Math.round(pace.perSecond)), counted)]
      : []),
    ...(isRunning && pace?.leftMs !== undefined
      ? [texts.left(describeDuration(Math.ceil(pace.leftMs / 1_000) * 1_000))]
      : []),
  ]
  // What is judged tells the rest in the manifest.
  const remarks =
    manifest.verdict === null
      ? [describePlan(manifest, texts), describeEffort(manifest, texts)].filter(
          (text) => text !== null,
        )
      : []
  return (
    <div role="group" aria-label={texts.progressOf(collection)}>
      <Group justify="space-between" gap="xs" mb={6}>
        <Text fw={600} size="sm">
          {collection}
        </Text>
        <Text size="sm" c="dimmed" className="numbers">
          {[wordsOf(manifest, changes, texts), ...now].join(' · ')}
        </Text>
      </Group>
      <Progress.Root size="md">
        <Progress.Section
          value={(share ?? 0.02) * 100}
          color={isRead ? 'pine' : 'blue'}
          striped={isRunning && !isRead && state !== 'waiting'}
          aria-label={texts.progressOf(collection)}
        />
      </Progress.Root>
      {remarks.map((text) => (
        <Text key={text} size="xs" c="dimmed" mt={6} maw={820}>
          {text}
        </Text>
      ))}
      {shards > 1 && (
        <>
          {!isRead && state !== 'publishing' && <ShardGrid collection={collection} walks={walks} />}
          <Button
            size="compact-xs"
            variant="subtle"
            mt={6}
            ml={-8}
            aria-expanded={hasNumbers}
            onClick={() => setNumbers(!hasNumbers)}
          >
            {hasNumbers ? texts.hideShards : texts.showShards(shards, collection)}
          </Button>
          {hasNumbers && <ShardTable collection={collection} walks={walks} />}
        </>
      )}
    </div>
  )
}

function wordsOf(
  manifest: Manifest,
  changes: Changes | undefined,
  texts: ReturnType<typeof useTexts>['run'],
): string {
  const { collection, state, rows, counted, counted_so_far: done, count_before: before } = manifest
  if (state === 'waiting') return texts.waitingForIt
  if (state === 'publishing') {
    const { distinct_rows: all, published_rows: published } = manifest
    return texts.publishing(describeCount(published ?? 0), describeCount(all ?? rows))
  }
  if (state === 'changes') return texts.applying(describeCount(changes?.changed ?? 0))
  const read = describeCount(rows)
  if (state === 'read') {
    const isAlone = changes?.purpose === 'since' && changes.state === 'applied'
    return (isAlone ? describeChanges(changes, texts) : null) ?? texts.rowsDone(read)
  }
  if (before === null) return texts.rowsSoFar(read)
  const all = describeCount(before)
  if (counted !== 'rows') return texts.sourcesOf(collection, describeCount(done), all, read)
  return texts.rowsOf(read, all)
}
