import type { ReactElement } from 'react'
import { ForRole } from '../../parts/for-role.tsx'
import { Page } from '../../parts/page.tsx'
import { useTexts } from '../../texts/index.ts'
import { HealthTable } from './health-table.tsx'
import { IssuerTabs } from './issuer-tabs.tsx'

/** How the keys of every accepted issuer stand. */
export function IssuersPage(): ReactElement {
  const { issuers: texts } = useTexts()
  return (
    <Page title={texts.title} hint={texts.hint}>
      <IssuerTabs />
      <ForRole role="operator">
        <HealthTable />
      </ForRole>
    </Page>
  )
}
