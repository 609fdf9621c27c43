import { Checkbox, Text } from '@mantine/core'
import { IconBuilding } from '@tabler/icons-react'
import type { ReactElement } from 'react'
import type { Operations } from '../../../../src/client/index.ts'
import type { Listed } from '../../app/calls.ts'
import { DataTable } from '../../parts/data-table.tsx'
import { Empty } from '../../parts/empty.tsx'
import { TroubleText } from '../../parts/problem.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { useTexts } from '../../texts/index.ts'
import type { Outcome } from './customers-page.tsx'

type Customer = Operations['customers.list']['result']['items'][number]

const looks: Readonly<Record<string, string>> = {
  granted: 'passed',
  already: 'passed',
  partial: 'unverified',
  missing: 'failed',
  unknown: 'unverified',
  failed: 'failed',
}

/** Each customer, what its tenant lets in, and what came of the last call. */
export function CustomerTable({
  list,
  chosen,
  outcomes,
  onToggle,
}: {
  readonly list: Listed<Customer>
  readonly chosen: ReadonlySet<string>
  readonly outcomes: ReadonlyMap<string, Outcome>
  readonly onToggle: (id: string) => void
}): ReactElement {
  const { customers: texts } = useTexts()
  return (
    <DataTable
      label={texts.title}
      list={list}
      keyOf={({ id }) => id}
      columns={[
        {
          key: 'customer',
          title: texts.columns.customer,
          isName: true,
          cell: ({ id, name, domain }) => (
            <Checkbox
              aria-label={texts.choose(name ?? domain ?? id)}
              checked={chosen.has(id)}
              onChange={() => onToggle(id)}
              label={name ?? domain ?? id}
              description={name === domain ? id : (domain ?? id)}
            />
          ),
        },
        {
          key: 'consent',
          title: texts.columns.consent,
          cell: ({ consent, detail, ...others }) => (
            <div>
              <StateBadge
                state={looks[consent] ?? consent}
                label={texts.states[consent] ?? consent}
              />
              {detail !== null && <TroubleText trouble={{ ...others, detail }} isBrief />}
            </div>
          ),
        },
        {
          key: 'missing',
          title: texts.columns.missing,
          cell: ({ missing }) =>
            missing.length === 0 ? null : (
              <Text size="xs" className="break-anywhere">
                {missing.join(', ')}
              </Text>
            ),
        },
        {
          key: 'outcome',
          title: texts.columns.outcome,
          cell: ({ id }) => {
            const outcome = outcomes.get(id.toLowerCase())
            if (outcome === undefined) return null
            return (
              <div>
                <StateBadge
                  state={looks[outcome.outcome] ?? outcome.outcome}
                  label={texts.outcomes[outcome.outcome] ?? outcome.outcome}
                />
                <Text size="xs" c="dimmed">
                  {outcome.detail}
                </Text>
              </div>
            )
          },
        },
      ]}
      empty={<Empty icon={IconBuilding} title={texts.none} hint={texts.noneHint} />}
    />
  )
}
