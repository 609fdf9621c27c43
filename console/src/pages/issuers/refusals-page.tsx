import { useNavigate, useSearch } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useList } from '../../app/calls.ts'
import { withText } from '../../app/with-text.ts'
import { ChoiceField } from '../../parts/choice-field.tsx'
import { ForRole } from '../../parts/for-role.tsx'
import { Page } from '../../parts/page.tsx'
import { SearchField } from '../../parts/search-field.tsx'
import { useTexts } from '../../texts/index.ts'
import { IssuerTabs } from './issuer-tabs.tsx'
import { RefusalList } from './refusal-list.tsx'

/** Tokens that this process refused lately. */
export function RefusalsPage(): ReactElement {
  const { refusals: texts } = useTexts()
  return (
    <Page title={texts.title} hint={texts.hint}>
      <IssuerTabs />
      <ForRole role="operator">
        <Refusals />
      </ForRole>
    </Page>
  )
}

function Refusals(): ReactElement {
  const { refusals: texts, common } = useTexts()
  const { issuer = '', stage = '', request = '' } = useSearch({ from: '/issuers/refusals' })
  const navigate = useNavigate({ from: '/issuers/refusals' })
  const list = useList('issuers.refusals', { limit: 100 }, { everyMs: 5_000 })
  const set = (what: 'issuer' | 'stage' | 'request', value: string): void =>
    void navigate({ search: (now) => withText(now, what, value), replace: true })
  const names = new Set(list.items.flatMap((one) => one.issuer ?? []))
  const rows = list.items.filter(
    (one) =>
      (issuer === '' || one.issuer === issuer) &&
      (stage === '' || one.stage === stage) &&
      (request === '' || one.request_id === request),
  )
  return (
    <>
      <search className="filters" aria-label={common.filters}>
        <SearchField
          label={texts.request}
          value={request}
          onChange={(value) => set('request', value)}
        />
        <ChoiceField
          label={texts.stage}
          all={texts.allStages}
          choices={texts.stages}
          value={stage}
          onChange={(value) => set('stage', value)}
        />
        <ChoiceField
          label={texts.issuer}
          all={texts.allIssuers}
          choices={Object.fromEntries([...names].toSorted().map((name) => [name, name]))}
          value={issuer}
          onChange={(value) => set('issuer', value)}
        />
      </search>
      <RefusalList
        list={list}
        rows={rows}
        isFiltered={issuer !== '' || stage !== '' || request !== ''}
      />
    </>
  )
}
