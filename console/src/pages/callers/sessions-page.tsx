import { Stack, Title } from '@mantine/core'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { IconSearch, IconUserCircle } from '@tabler/icons-react'
import type { ReactElement } from 'react'
import { useList } from '../../app/calls.ts'
import { withText } from '../../app/with-text.ts'
import { ChoiceField } from '../../parts/choice-field.tsx'
import { DataTable } from '../../parts/data-table.tsx'
import { Empty } from '../../parts/empty.tsx'
import { ForRole } from '../../parts/for-role.tsx'
import { Page } from '../../parts/page.tsx'
import { SearchField } from '../../parts/search-field.tsx'
import { useTexts } from '../../texts/index.ts'
import { CallerTabs } from './caller-tabs.tsx'
import { ConsoleSessions } from './console-sessions.tsx'
import { useSessionColumns } from './session-columns.tsx'

/** Living sessions of callers. */
export function SessionsPage(): ReactElement {
  const { sessions: texts } = useTexts()
  return (
    <Page title={texts.title} hint={texts.hint}>
      <CallerTabs />
      <ForRole role="operator">
        <ConsoleSessions />
        <Sessions />
      </ForRole>
    </Page>
  )
}

function Sessions(): ReactElement {
  const { sessions: texts, common } = useTexts()
  const { search = '', issuer = '' } = useSearch({ from: '/callers/sessions' })
  const navigate = useNavigate({ from: '/callers/sessions' })
  const list = useList('sessions.list', { limit: 200 }, { everyMs: 15_000 })
  const columns = useSessionColumns()
  const set = (what: 'search' | 'issuer', value: string): void =>
    void navigate({ search: (now) => withText(now, what, value), replace: true })
  const wanted = search.toLowerCase()
  const rows = list.items.filter(
    (one) =>
      (issuer === '' || one.issuer === issuer) &&
      [one.user_name ?? '', one.account?.id ?? ''].some((text) =>
        text.toLowerCase().includes(wanted),
      ),
  )
  const names = [...new Set(list.items.map((one) => one.issuer))].toSorted()
  return (
    <Stack component="section" aria-labelledby="caller-sessions" gap="md">
      <Title order={2} id="caller-sessions">
        {texts.ofCallers}
      </Title>
      <search className="filters" aria-label={common.filters}>
        <SearchField
          label={common.search}
          placeholder={texts.search}
          value={search}
          onChange={(value) => set('search', value)}
        />
        <ChoiceField
          label={texts.issuer}
          all={texts.allIssuers}
          choices={Object.fromEntries(names.map((name) => [name, name]))}
          value={issuer}
          onChange={(value) => set('issuer', value)}
        />
      </search>
      <DataTable
        label={texts.ofCallers}
        list={list}
        rows={rows}
        columns={columns}
        keyOf={({ id }) => id}
        empty={
          list.items.length === 0 ? (
            <Empty icon={IconUserCircle} title={texts.none} hint={texts.noneHint} />
          ) : (
            <Empty icon={IconSearch} title={texts.noneFound} hint={texts.noneFoundHint} />
          )
        }
      />
    </Stack>
  )
}
