import { Button, Group, TextInput } from '@mantine/core'
import { IconBuilding } from '@tabler/icons-react'
import { useNavigate } from '@tanstack/react-router'
import { useState, type ReactElement } from 'react'
import { useList } from '../../app/calls.ts'
import { DataTable } from '../../parts/data-table.tsx'
import { Deadline } from '../../parts/deadline.tsx'
import { Empty } from '../../parts/empty.tsx'
import { PageLink } from '../../parts/link.tsx'
import { Section } from '../../parts/section.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { useTexts } from '../../texts/index.ts'
import { shownState, soonDays } from './connection.ts'
import { TokenCell } from './token-cell.tsx'

/** The tenants of a template that have a grant, and the way to one that has none yet. */
export function TenantsSection({ name }: { readonly name: string }): ReactElement {
  const { connection: texts, connections: listTexts } = useTexts()
  const list = useList('connections.tenants', { name, limit: 50 }, { everyMs: 15_000 })
  const navigate = useNavigate()
  const [tenant, setTenant] = useState('')
  return (
    <Section title={texts.tenants} hint={texts.tenantsHint}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          const wanted = tenant.trim()
          if (wanted === '') return
          void navigate({
            to: '/connections/$address',
            params: { address: `${name}@${wanted}` },
          })
        }}
      >
        <Group align="flex-end" mb="md" gap="sm">
          <TextInput
            label={texts.tenantLabel}
            value={tenant}
            onChange={({ currentTarget: { value } }) => setTenant(value)}
            autoComplete="off"
            spellCheck={false}
            flex="1 1 16rem"
            maw={420}
          />
          <Button type="submit" variant="default">
            {texts.open}
          </Button>
        </Group>
      </form>
      <DataTable
        label={texts.tenants}
        list={list}
        keyOf={(one) => one.name}
        columns={[
          {
            key: 'name',
            title: texts.tenant,
            isName: true,
            cell: (one) => (
              <PageLink to="/connections/$address" params={{ address: one.name }} size="sm">
                {one.tenant ?? one.name}
              </PageLink>
            ),
          },
          {
            key: 'state',
            title: listTexts.columns.state,
            cell: (one) => <StateBadge state={shownState(one)} />,
          },
          {
            key: 'token',
            title: listTexts.columns.token,
            cell: (one) => (one.token_expires_at ? <TokenCell connection={one} /> : null),
          },
          {
            key: 'idle',
            title: listTexts.columns.idle,
            cell: ({ refresh_token: token }) =>
              token?.idle_expires_at ? (
                <Deadline at={token.idle_expires_at} nearDays={soonDays.idle} />
              ) : null,
          },
          {
            key: 'error',
            title: listTexts.columns.lastError,
            cell: ({ last_failure: failure }) => failure?.code ?? null,
          },
        ]}
        empty={<Empty icon={IconBuilding} title={texts.noTenants} hint={texts.noTenantsHint} />}
      />
    </Section>
  )
}
