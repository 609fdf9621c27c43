import { Text } from '@mantine/core'
import { IconSearch, IconUsers } from '@tabler/icons-react'
import { useNavigate, useSearch } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useList } from '../../app/calls.ts'
import { withText } from '../../app/with-text.ts'
import { ChoiceField } from '../../parts/choice-field.tsx'
import { DataTable, type Column } from '../../parts/data-table.tsx'
import { Empty } from '../../parts/empty.tsx'
import { Instant } from '../../parts/instant.tsx'
import { PageLink } from '../../parts/link.tsx'
import { Page } from '../../parts/page.tsx'
import { SearchField } from '../../parts/search-field.tsx'
import { useTexts } from '../../texts/index.ts'
import { AccountLink } from './account-link.tsx'
import { AccountState } from './account-state.tsx'
import { keyOf, type Account } from './account.ts'
import { DirectoryTabs } from './directory-tabs.tsx'

/** Accounts of the imported directory. */
export function AccountsPage(): ReactElement {
  const { directory: texts, common } = useTexts()
  const { search = '', kind = '', tenant = '', state = '' } = useSearch({ from: '/directory' })
  const navigate = useNavigate({ from: '/directory' })
  const set = (what: 'search' | 'kind' | 'tenant' | 'state', value: string): void =>
    void navigate({ search: (now) => withText(now, what, value), replace: true })
  const list = useList('accounts.list', {
    limit: 50,
    kind: kind === 'servicePrincipal' ? kind : 'user',
    ...(search === '' ? {} : { search }),
    ...(tenant === '' ? {} : { tenant }),
    ...(state === 'disabled' ? { disabled: 'true' } : {}),
  })
  const tenants = new Set(list.items.map((one) => one.tenant_id))
  const columns: readonly Column<Account>[] = [
    {
      key: 'name',
      title: texts.columns.name,
      isName: true,
      cell: (one) => (
        <>
          <AccountLink {...keyOf(one)}>{one.name}</AccountLink>
          <Secondary account={one} isTenantTold={tenants.size > 1} />
        </>
      ),
    },
    { key: 'state', title: texts.columns.state, cell: (one) => <AccountState account={one} /> },
    {
      key: 'person',
      title: texts.columns.person,
      cell: ({ person }) =>
        person === null ? null : (
          <PageLink to="/directory/people/$person" params={{ person: person.id }}>
            {person.name}
          </PageLink>
        ),
    },
    {
      key: 'updated',
      title: texts.columns.updated,
      cell: ({ updated_at: at }) => (at === null ? texts.notImported : <Instant at={at} />),
    },
  ]
  const isFiltered = search !== '' || tenant !== '' || state !== '' || kind !== ''
  return (
    <Page title={texts.title} hint={texts.hint}>
      <DirectoryTabs />
      <search className="filters" aria-label={common.filters}>
        <SearchField
          label={common.search}
          placeholder={texts.search}
          value={search}
          onChange={(value) => set('search', value)}
        />
        <ChoiceField
          label={texts.kind}
          all={texts.kinds['user'] ?? ''}
          choices={{ servicePrincipal: texts.kinds['servicePrincipal'] ?? '' }}
          value={kind}
          onChange={(value) => set('kind', value)}
        />
        <ChoiceField
          label={texts.state}
          all={texts.allStates}
          choices={{ disabled: texts.disabledHere }}
          value={state}
          onChange={(value) => set('state', value)}
        />
        <SearchField
          label={texts.tenant}
          placeholder={texts.anyTenant}
          value={tenant}
          onChange={(value) => set('tenant', value)}
        />
      </search>
      <DataTable
        label={texts.accounts}
        list={list}
        columns={columns}
        keyOf={({ tenant_id: tenantId, id }) => `${tenantId} ${id}`}
        empty={
          isFiltered ? (
            <Empty icon={IconSearch} title={texts.noneFound} hint={texts.noneFoundHint} />
          ) : (
            <Empty icon={IconUsers} title={texts.noAccounts} hint={texts.noAccountsHint} />
          )
        }
      />
    </Page>
  )
}

/** What tells accounts of one name apart. */
function Secondary({
  account,
  isTenantTold,
}: {
  readonly account: Account
  readonly isTenantTold: boolean
}): ReactElement {
  const { name, properties, tenant_id: tenant } = account
  const known = [properties['displayName'], properties['mail'], properties['appId']].filter(
    (text) => typeof text === 'string' && text !== '' && text !== name,
  )
  return (
    <Text size="xs" c="dimmed" fw={400} className="break-anywhere">
      {[...known.slice(0, 2).map(String), ...(isTenantTold ? [tenant] : [])].join(', ')}
    </Text>
  )
}
