import type { ReactElement } from 'react'
import { PageLink } from './link.tsx'

/** Pages that belong together, as a row of links. */
export function PageTabs({
  label,
  tabs,
}: {
  readonly label: string
  readonly tabs: readonly { readonly to: string; readonly label: string }[]
}): ReactElement {
  return (
    <nav aria-label={label} className="page-tabs">
      {tabs.map((tab) => (
        <PageLink
          key={tab.to}
          to={tab.to}
          underline="never"
          activeOptions={{ exact: true, includeSearch: false }}
        >
          {tab.label}
        </PageLink>
      ))}
    </nav>
  )
}
