import { Autocomplete, NativeSelect } from '@mantine/core'
import { IconFileText } from '@tabler/icons-react'
import { useState, type ReactElement } from 'react'
import { useAction, useList } from '../../app/calls.ts'
import { DataTable } from '../../parts/data-table.tsx'
import { Deadline } from '../../parts/deadline.tsx'
import { Empty } from '../../parts/empty.tsx'
import { GatedButton, useObstacle } from '../../parts/gated-button.tsx'
import { useNotices } from '../../parts/notices.tsx'
import { Page } from '../../parts/page.tsx'
import { useTexts } from '../../texts/index.ts'
import { TraceTabs } from './trace-tabs.tsx'

/** Whose bodies are kept at the moment, and until when. */
export function CapturesPage(): ReactElement {
  const { captures: texts } = useTexts()
  const list = useList('captures.list', { limit: 200 }, { everyMs: 15_000 })
  return (
    <Page title={texts.title} hint={texts.hint}>
      <TraceTabs />
      <StartCapture />
      <DataTable
        label={texts.title}
        list={list}
        keyOf={({ connection }) => connection}
        columns={[
          {
            key: 'connection',
            title: texts.columns.connection,
            isName: true,
            cell: ({ connection }) => connection,
          },
          {
            key: 'until',
            title: texts.columns.until,
            cell: ({ until }) => <Deadline at={until} />,
          },
          {
            key: 'actions',
            title: texts.columns.actions,
            cell: ({ connection }) => <EndCapture connection={connection} />,
          },
        ]}
        empty={<Empty icon={IconFileText} title={texts.none} hint={texts.noneHint} />}
      />
    </Page>
  )
}

function StartCapture(): ReactElement {
  const { captures: texts } = useTexts()
  const { done, failed } = useNotices()
  const obstacle = useObstacle('operator')
  const connections = useList('connections.list', { limit: 200 })
  const start = useAction('captures.start')
  const [connection, setConnection] = useState('')
  const [seconds, setSeconds] = useState('600')
  return (
    <form
      className="filters"
      onSubmit={(event) => {
        event.preventDefault()
        const name = connection.trim()
        if (name === '' || obstacle !== undefined) return
        start.mutate(
          { connection: name, for_seconds: Number(seconds) },
          { onSuccess: () => done(texts.started(name)), onError: failed },
        )
      }}
    >
      <Autocomplete
        label={texts.connection}
        value={connection}
        onChange={setConnection}
        data={connections.items.map(({ name }) => name)}
        autoComplete="off"
        spellCheck={false}
        className="filter-wide"
      />
      <NativeSelect
        label={texts.duration}
        value={seconds}
        onChange={({ currentTarget }) => setSeconds(currentTarget.value)}
        data={Object.entries(texts.durations).map(([value, label]) => ({ value, label }))}
        className="filter"
      />
      <GatedButton type="submit" obstacle={obstacle} loading={start.isPending}>
        {texts.start}
      </GatedButton>
    </form>
  )
}

function EndCapture({ connection }: { readonly connection: string }): ReactElement {
  const { captures: texts } = useTexts()
  const { done, failed } = useNotices()
  const end = useAction('captures.end')
  return (
    <GatedButton
      size="xs"
      variant="default"
      obstacle={useObstacle('operator')}
      aria-label={texts.endNamed(connection)}
      loading={end.isPending}
      onClick={() =>
        end.mutate(
          { connection },
          { onSuccess: () => done(texts.ended(connection)), onError: failed },
        )
      }
    >
      {texts.end}
    </GatedButton>
  )
}
