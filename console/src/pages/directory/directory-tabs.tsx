import type { ReactElement } from 'react'
import { PageTabs } from '../../parts/page-tabs.tsx'
import { useTexts } from '../../texts/index.ts'

/** Accounts and people. */
export function DirectoryTabs(): ReactElement {
  const { directory: texts } = useTexts()
  return (
    <PageTabs
      label={texts.tabs}
      tabs={[
        { to: '/directory', label: texts.accounts },
        { to: '/directory/people', label: texts.people },
      ]}
    />
  )
}
