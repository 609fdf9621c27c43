import type { ReactElement } from 'react'
import { Page } from '../../parts/page.tsx'
import { useTexts } from '../../texts/index.ts'
import { ConfiguredSection } from './configured-section.tsx'
import { RunsSection } from './runs-section.tsx'

/** What is imported, and how it went. */
export function ImportsPage(): ReactElement {
  const { imports: texts } = useTexts()
  return (
    <Page title={texts.title} hint={texts.hint}>
      <ConfiguredSection />
      <RunsSection />
    </Page>
  )
}
