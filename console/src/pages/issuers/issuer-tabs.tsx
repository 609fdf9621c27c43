import type { ReactElement } from 'react'
import { PageTabs } from '../../parts/page-tabs.tsx'
import { useTexts } from '../../texts/index.ts'

/** Keys, refusals, explanation. */
export function IssuerTabs(): ReactElement {
  const { issuers: texts } = useTexts()
  return (
    <PageTabs
      label={texts.tabs}
      tabs={[
        { to: '/issuers', label: texts.health },
        { to: '/issuers/refusals', label: texts.refusals },
        { to: '/issuers/explain', label: texts.explain },
      ]}
    />
  )
}
