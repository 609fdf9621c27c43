import { Button, Group, Text } from '@mantine/core'
import { IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState, type ReactElement } from 'react'
import { withText } from '../../app/with-text.ts'
import { ChoiceField } from '../../parts/choice-field.tsx'
import { ProblemAlert } from '../../parts/problem.tsx'
import { SearchField } from '../../parts/search-field.tsx'
import { Section } from '../../parts/section.tsx'
import { useTexts } from '../../texts/index.ts'
import { LogLines } from './log-lines.tsx'
import type { LogLine } from './run.ts'
import { useLog } from './use-log.ts'

const kinds: Readonly<Record<string, RegExp>> = {
  token: /^token_/,
  walk: /^(counted|walk_|collection_|rows_deleted|deletion_|published|run_)/,
  wait: /^(waiting_|request_retried|page_size)/,
}

/** The job execution log as it comes; in words, as the command line prints it. */
export function LogSection({
  id,
  isLive,
}: {
  readonly id: string
  readonly isLive: boolean
}): ReactElement {
  const { run: texts } = useTexts()
  const { line = '', level = '', kind = '' } = useSearch({ from: '/imports/$id' })
  const navigate = useNavigate({ from: '/imports/$id' })
  const [isPaused, setPaused] = useState(false)
  const log = useLog(id, isLive, isPaused)
  const set = (what: 'line' | 'level' | 'kind', value: string): void =>
    void navigate({ search: (now) => withText(now, what, value), replace: true })
  const shown = log.lines.filter(
    (one) => isOfLevel(one, level) && isOfKind(one, kind) && isAbout(one, line),
  )
  return (
    <Section
      title={texts.log}
      actions={
        isLive && (
          <Button
            size="xs"
            variant="default"
            leftSection={
              isPaused ? (
                <IconPlayerPlay size={14} aria-hidden />
              ) : (
                <IconPlayerPause size={14} aria-hidden />
              )
            }
            onClick={() => setPaused(!isPaused)}
          >
            {isPaused ? texts.follow : texts.pause}
          </Button>
        )
      }
    >
      <div className="filters">
        <SearchField
          label={texts.logSearch}
          value={line}
          onChange={(value) => set('line', value)}
        />
        <ChoiceField
          label={texts.kind}
          all={texts.allKinds}
          choices={texts.kinds}
          value={kind}
          onChange={(value) => set('kind', value)}
        />
        <ChoiceField
          label={texts.level}
          all={texts.allLevels}
          choices={texts.levels}
          value={level}
          onChange={(value) => set('level', value)}
        />
      </div>
      {log.error !== undefined && <ProblemAlert error={log.error} />}
      <LogLines lines={shown} isFollowing={isLive && !isPaused}>
        {!log.isLoading && (log.lines.length === 0 ? texts.noLines : texts.noLinesFound)}
      </LogLines>
      <Group justify="space-between" mt="xs">
        <Text size="sm" c="dimmed">
          {texts.lines(shown.length, log.lines.length)}
        </Text>
        {log.leftOut > 0 && (
          <Text size="sm" c="dimmed">
            {texts.linesLeftOut(log.leftOut, id)}
          </Text>
        )}
      </Group>
    </Section>
  )
}

function isOfLevel({ level }: LogLine, wanted: string): boolean {
  if (wanted === '') return true
  return level === 'error' || (wanted === 'warn' && level === 'warn')
}

function isOfKind({ type }: LogLine, kind: string): boolean {
  return kinds[kind]?.test(type) ?? true
}

function isAbout({ type, text }: LogLine, wanted: string): boolean {
  const lower = wanted.toLowerCase()
  return text.toLowerCase().includes(lower) || type.includes(lower)
}
