import { IconLock } from '@tabler/icons-react'
import { useParams } from '@tanstack/react-router'
import { useState, type ReactElement } from 'react'
import type { Operations } from '../../../../src/client/index.ts'
import { useAction, useList } from '../../app/calls.ts'
import { Empty } from '../../parts/empty.tsx'
import { useObstacle } from '../../parts/gated-button.tsx'
import { PageLink } from '../../parts/link.tsx'
import { Page } from '../../parts/page.tsx'
import { ProblemAlert } from '../../parts/problem.tsx'
import { useTexts } from '../../texts/index.ts'
import { ConsentBar } from './consent-bar.tsx'
import { CustomerTable } from './customer-table.tsx'

/** What came of having a customer consent. */
export type Outcome = Operations['customers.consent']['result']['results'][number]

/** The customers of a partner: who let the application in, and who is still to. */
export function CustomersPage(): ReactElement {
  const { address } = useParams({ from: '/connections/$address/customers' })
  const { customers: texts } = useTexts()
  const obstacle = useObstacle('operator')
  const list = useList(
    'customers.list',
    { address, limit: 20 },
    { enabled: obstacle === undefined },
  )
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [outcomes, setOutcomes] = useState<ReadonlyMap<string, Outcome>>(new Map())
  const act = useAction('customers.consent')
  const ask = (isDryRun: boolean): void =>
    act.mutate(
      { address, customers: [...chosen], dry_run: isDryRun },
      {
        onSuccess: ({ results }) =>
          setOutcomes(new Map(results.map((one) => [one.customer.toLowerCase(), one]))),
      },
    )
  return (
    <Page
      title={texts.title}
      hint={
        <>
          {texts.about}{' '}
          <PageLink to="/connections/$address" params={{ address }} size="sm" underline="always">
            {address}
          </PageLink>
          . {texts.hint}
        </>
      }
    >
      {obstacle !== undefined ? (
        <Empty icon={IconLock} title={obstacle} hint={texts.hint} />
      ) : (
        <>
          <ConsentBar
            lacking={list.items.filter(({ consent }) => consent !== 'granted').map(({ id }) => id)}
            chosen={chosen}
            isPending={act.isPending}
            onChoose={setChosen}
            onAsk={ask}
          />
          {act.error !== null && <ProblemAlert error={act.error} />}
          <CustomerTable
            list={list}
            chosen={chosen}
            outcomes={outcomes}
            onToggle={(id) => {
              const next = new Set(chosen)
              if (!next.delete(id)) next.add(id)
              setChosen(next)
            }}
          />
        </>
      )}
    </Page>
  )
}
