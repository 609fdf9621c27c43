import { IconSearch, IconUser } from '@tabler/icons-react'
import { useNavigate, useSearch } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useList } from '../../app/calls.ts'
import { withText } from '../../app/with-text.ts'
import { DataTable, type Column } from '../../parts/data-table.tsx'
import { Empty } from '../../parts/empty.tsx'
import { Instant } from '../../parts/instant.tsx'
import { PageLink } from '../../parts/link.tsx'
import { Page } from '../../parts/page.tsx'
import { SearchField } from '../../parts/search-field.tsx'
import { useTexts } from '../../texts/index.ts'
import type { Person } from './account.ts'
import { DirectoryTabs } from './directory-tabs.tsx'

/** People, each of whom may own several accounts. */
export function PeoplePage(): ReactElement {
  const { directory: texts, common } = useTexts()
  const { search = '' } = useSearch({ from: '/directory/people' })
  const navigate = useNavigate({ from: '/directory/people' })
  const list = useList('people.list', { limit: 50, ...(search === '' ? {} : { search }) })
  const columns: readonly Column<Person>[] = [
    {
      key: 'name',
      title: texts.peopleColumns.name,
      isName: true,
      cell: ({ id, name }) => (
        <PageLink to="/directory/people/$person" params={{ person: id }} fw={600}>
          {name}
        </PageLink>
      ),
    },
    {
      key: 'accounts',
      title: texts.peopleColumns.accounts,
      cell: ({ accounts }) => texts.countOfAccounts(accounts.length),
    },
    {
      key: 'created',
      title: texts.peopleColumns.created,
      cell: (one) => <Instant at={one.created_at} />,
    },
  ]
  return (
    <Page title={texts.people} hint={texts.hint}>
      <DirectoryTabs />
      <search className="filters" aria-label={common.filters}>
        <SearchField
          label={common.search}
          placeholder={texts.searchPeople}
          value={search}
          onChange={(value) =>
            void navigate({ search: (now) => withText(now, 'search', value), replace: true })
          }
        />
      </search>
      <DataTable
        label={texts.people}
        list={list}
        columns={columns}
        keyOf={({ id }) => id}
        empty={
          search === '' ? (
            <Empty icon={IconUser} title={texts.noPeople} hint={texts.noPeopleHint} />
          ) : (
            <Empty icon={IconSearch} title={texts.nobodyFound} hint={texts.nobodyFoundHint} />
          )
        }
      />
    </Page>
  )
}
