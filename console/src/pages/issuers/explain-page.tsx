import type { ReactElement } from 'react'
import { ForRole } from '../../parts/for-role.tsx'
import { Page } from '../../parts/page.tsx'
import { useTexts } from '../../texts/index.ts'
import { ExplainToken } from './explain-token.tsx'
import { FindRefusal } from './find-refusal.tsx'
import { IssuerTabs } from './issuer-tabs.tsx'

/** Why a token is let in, or not. */
export function ExplainPage(): ReactElement {
  const { explain: texts } = useTexts()
  return (
    <Page title={texts.title} hint={texts.hint}>
      <IssuerTabs />
      <ForRole role="operator">
        <ExplainToken />
        <FindRefusal />
      </ForRole>
    </Page>
  )
}
