import { Stack, Text } from '@mantine/core'
import type { ReactElement } from 'react'
import { DataTable } from '../../parts/data-table.tsx'
import { Facts } from '../../parts/facts.tsx'
import { listOf } from '../../parts/known-list.ts'
import { PageLink } from '../../parts/link.tsx'
import { Section } from '../../parts/section.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { useTexts } from '../../texts/index.ts'
import type { Explained, ExplainedAccount } from './explanation.ts'

/** Whom a token means, by which rules, and what that allows. */
export function ExplainedAccess({ explained }: { readonly explained: Explained }): ReactElement {
  const { explain: texts } = useTexts()
  const { account, candidates, rules, access, role, connections, kind, issuer } = explained
  const calls = connections === '*' ? texts.everyConnection : connections.join(', ')
  return (
    <Section title={texts.access}>
      <Stack gap="md">
        <Facts
          facts={[
            [texts.issuer, issuer],
            [texts.kind, kind],
            [texts.account, account === null ? null : <Known key="account" account={account} />],
            [texts.role, role],
            [texts.connections, calls === '' ? texts.nothing : calls],
          ]}
        />
        {candidates.length > 0 && (
          <div>
            <Text size="sm" c="dimmed">
              {texts.candidates}
            </Text>
            <ul className="plain-list">
              {candidates.map((one) => (
                <li key={`${one.tenantId} ${one.id}`}>
                  <Known account={one} />
                </li>
              ))}
            </ul>
          </div>
        )}
        {rules.length > 0 && (
          <DataTable
            label={texts.rules}
            list={listOf(rules)}
            keyOf={({ rule }) => rule}
            isCounted={false}
            empty={null}
            columns={[
              { key: 'rule', title: texts.ruleColumns.rule, isName: true, cell: (one) => one.rule },
              {
                key: 'outcome',
                title: texts.ruleColumns.outcome,
                cell: ({ outcome }) => (
                  <StateBadge
                    state={outcome === 'found' ? 'passed' : outcome === 'several' ? 'failed' : ''}
                    label={texts.ruleOutcomes[outcome] ?? outcome}
                  />
                ),
              },
              { key: 'because', title: texts.ruleColumns.because, cell: (one) => one.because },
            ]}
          />
        )}
        {access.length > 0 && (
          <ul className="plain-list">
            {access.map(({ rule, applies, because }) => (
              <li key={`${rule} ${because}`}>
                <b>{rule}</b> {applies ? texts.applies : texts.appliesNot}: {because}
              </li>
            ))}
          </ul>
        )}
      </Stack>
    </Section>
  )
}

function Known({ account }: { readonly account: ExplainedAccount }): ReactElement {
  const { tenantId: tenant, kind, id, name } = account
  return (
    <PageLink to="/directory/$tenant/$kind/$id" params={{ tenant, kind, id }}>
      {name ?? id}
    </PageLink>
  )
}
