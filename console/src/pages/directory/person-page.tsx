import { Skeleton, Text } from '@mantine/core'
import { useParams } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useCall } from '../../app/calls.ts'
import { DataTable, type Column } from '../../parts/data-table.tsx'
import { describeDay } from '../../parts/instant.tsx'
import { listOf } from '../../parts/known-list.ts'
import { Page } from '../../parts/page.tsx'
import { ProblemAlert } from '../../parts/problem.tsx'
import { Section } from '../../parts/section.tsx'
import { useTexts } from '../../texts/index.ts'
import { AccountLink } from './account-link.tsx'
import type { Person } from './account.ts'
import { UnlinkButton } from './unlink-button.tsx'

type Owned = Person['accounts'][number]

/** One person and the accounts that are theirs. */
export function PersonPage(): ReactElement {
  const { person: id } = useParams({ from: '/directory/people/$person' })
  const { common, person: texts } = useTexts()
  const { data, error, refetch } = useCall('people.show', { person: id }, { keepsOld: false })
  if (data === undefined) {
    return (
      <Page title={id}>
        {error === null ? (
          <Skeleton height={220} role="status" aria-label={common.loading} />
        ) : (
          <ProblemAlert error={error} again={() => void refetch()} />
        )}
      </Page>
    )
  }
  return (
    <Page title={data.name} hint={`${texts.since} ${describeDay(data.created_at)}`}>
      <Accounts person={data} />
    </Page>
  )
}

function Accounts({ person }: { readonly person: Person }): ReactElement {
  const { account: words, common, directory, person: texts } = useTexts()
  const columns: readonly Column<Owned>[] = [
    {
      key: 'account',
      title: texts.columns.account,
      isName: true,
      cell: ({ tenant_id: tenant, kind, id }) => (
        <>
          <AccountLink tenant={tenant} kind={kind} id={id}>
            <Text span size="sm" ff="monospace" className="break-anywhere">
              {id}
            </Text>
          </AccountLink>
          <Text size="xs" c="dimmed" fw={400}>
            {directory.oneKind[kind]}
          </Text>
        </>
      ),
    },
    {
      key: 'tenant',
      title: texts.columns.tenant,
      cell: ({ tenant_id: tenant }) => (
        <Text span size="xs" ff="monospace" className="break-anywhere">
          {tenant}
        </Text>
      ),
    },
    {
      key: 'role',
      title: texts.columns.role,
      cell: ({ role }) => (role === null ? null : words.roles[role]),
    },
    {
      key: 'connections',
      title: texts.columns.connections,
      cell: ({ connections }) => connections.join(', '),
    },
    {
      key: 'unlink',
      title: common.actions,
      cell: ({ tenant_id: tenant, kind, id }) => (
        <UnlinkButton person={person} accountName={id} tenant={tenant} kind={kind} id={id} />
      ),
    },
  ]
  return (
    <Section title={texts.accounts}>
      <DataTable
        label={texts.accounts}
        list={listOf(person.accounts)}
        columns={columns}
        keyOf={({ tenant_id: tenant, id }) => `${tenant} ${id}`}
        isCounted={false}
        empty={
          <Text size="sm" c="dimmed">
            {texts.noAccounts}
          </Text>
        }
      />
    </Section>
  )
}
