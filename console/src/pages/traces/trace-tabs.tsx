import type { ReactElement } from 'react'
import { PageTabs } from '../../parts/page-tabs.tsx'
import { useTexts } from '../../texts/index.ts'

/** Traces and captures. */
export function TraceTabs(): ReactElement {
  const { traces: texts } = useTexts()
  return (
    <PageTabs
      label={texts.tabs}
      tabs={[
        { to: '/traces', label: texts.list },
        { to: '/traces/captures', label: texts.captures },
      ]}
    />
  )
}
