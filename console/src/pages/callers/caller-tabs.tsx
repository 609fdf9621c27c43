import type { ReactElement } from 'react'
import { PageTabs } from '../../parts/page-tabs.tsx'
import { useTexts } from '../../texts/index.ts'

/** Caller keys and sessions. */
export function CallerTabs(): ReactElement {
  const { callers: texts } = useTexts()
  return (
    <PageTabs
      label={texts.tabs}
      tabs={[
        { to: '/callers', label: texts.keys },
        { to: '/callers/sessions', label: texts.sessions },
      ]}
    />
  )
}
