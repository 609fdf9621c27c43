import { Group, Text } from '@mantine/core'
import type { ReactElement } from 'react'
import { useAction, useList } from '../../app/calls.ts'
import { Deadline } from '../../parts/deadline.tsx'
import { GatedButton, useObstacle } from '../../parts/gated-button.tsx'
import { useNotices } from '../../parts/notices.tsx'
import { Section } from '../../parts/section.tsx'
import { useTexts } from '../../texts/index.ts'

/** Whether the beginnings of bodies are kept in traces, and for how long. */
export function CaptureSection({ name }: { readonly name: string }): ReactElement {
  const { connection: texts } = useTexts()
  const { failed } = useNotices()
  const obstacle = useObstacle('operator')
  const list = useList('captures.list', { limit: 200 }, { everyMs: 15_000 })
  const start = useAction('captures.start')
  const end = useAction('captures.end')
  const current = list.items.find(({ connection }) => connection === name)
  return (
    <Section title={texts.capture} hint={texts.captureHint}>
      <Group justify="space-between">
        {current === undefined ? (
          <Text size="sm">{texts.captureOff}</Text>
        ) : (
          <div>
            <Text size="sm" c="dimmed">
              {texts.captureUntil}
            </Text>
            <Deadline at={current.until} />
          </div>
        )}
        {current === undefined ? (
          <GatedButton
            size="xs"
            variant="default"
            obstacle={obstacle}
            loading={start.isPending}
            onClick={() =>
              start.mutate({ connection: name, for_seconds: 600 }, { onError: failed })
            }
          >
            {texts.captureStart}
          </GatedButton>
        ) : (
          <GatedButton
            size="xs"
            variant="default"
            obstacle={obstacle}
            loading={end.isPending}
            onClick={() => end.mutate({ connection: name }, { onError: failed })}
          >
            {texts.captureEnd}
          </GatedButton>
        )}
      </Group>
    </Section>
  )
}
