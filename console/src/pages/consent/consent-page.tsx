import { Skeleton, Tabs, Text } from '@mantine/core'
import { IconBuilding, IconKeyOff } from '@tabler/icons-react'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useCall } from '../../app/calls.ts'
import { Empty } from '../../parts/empty.tsx'
import { PageLink } from '../../parts/link.tsx'
import { Page } from '../../parts/page.tsx'
import { ProblemAlert } from '../../parts/problem.tsx'
import { Section } from '../../parts/section.tsx'
import { useTexts } from '../../texts/index.ts'
import { isConsented, isTemplate, type Connection } from '../connections/connection.ts'
import { AutomaticTab } from './automatic-tab.tsx'
import { ConsentView } from './consent-view.tsx'
import { isFresh, useLatestConsent } from './consents.ts'
import { LinkTab } from './link-tab.tsx'
import { ManualTab } from './manual-tab.tsx'

/** Obtains, or renews, the refresh token of a connection by somebody’s consent. */
export function ConsentPage(): ReactElement {
  const { address } = useParams({ from: '/connections/$address/consent' })
  const { consent: texts } = useTexts()
  const { data, error, refetch } = useCall('connections.show', { address }, { keepsOld: false })
  return (
    <Page
      title={texts.title}
      hint={
        <>
          {texts.about}{' '}
          <PageLink to="/connections/$address" params={{ address }} size="sm" underline="always">
            {address}
          </PageLink>
        </>
      }
    >
      {error !== null && <ProblemAlert error={error} again={() => void refetch()} />}
      {data === undefined && error === null && <Skeleton height={320} />}
      {data !== undefined && <Shown connection={data} />}
    </Page>
  )
}

function Shown({ connection }: { readonly connection: Connection }): ReactElement {
  const { consent: texts, connection: connectionTexts } = useTexts()
  const { name, tenant, provider } = connection
  const { tab = 'automatic' } = useSearch({ from: '/connections/$address/consent' })
  const navigate = useNavigate({ from: '/connections/$address/consent' })
  const providers = useCall('providers.list', { limit: 200 })
  const { consent, nameOf, isLoading, error } = useLatestConsent(name, tenant)
  const redirectUri = providers.data?.items.find((one) => one.name === provider)?.redirect_uri
  if (!isConsented(connection)) {
    return <Empty icon={IconKeyOff} title={texts.notConsented} hint={texts.notConsentedHint} />
  }
  if (isTemplate(connection)) {
    return (
      <Empty icon={IconBuilding} title={texts.templateTitle} hint={texts.templateHint}>
        <PageLink to="/connections/$address" params={{ address: name }}>
          {connectionTexts.tenants}
        </PageLink>
      </Empty>
    )
  }
  const shared = {
    connection,
    redirectUri,
    accountName: nameOf(connection.subject),
  }
  return (
    <div className="wizard">
      <div>
        <Tabs
          value={tab}
          onChange={(value) => void navigate({ search: { tab: value ?? 'automatic' } })}
          keepMounted={false}
        >
          <Tabs.List>
            {Object.entries(texts.tabs).map(([value, label]) => (
              <Tabs.Tab key={value} value={value} className="wizard-tab">
                {label}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <Tabs.Panel value="automatic" pt="lg">
            <Hint text={texts.tabHints.automatic} />
            <AutomaticTab {...shared} />
          </Tabs.Panel>
          <Tabs.Panel value="link" pt="lg">
            <Hint text={texts.tabHints.link} />
            <LinkTab {...shared} />
          </Tabs.Panel>
          <Tabs.Panel value="manual" pt="lg">
            <Hint text={texts.tabHints.manual} />
            <ManualTab {...shared} latest={consent} />
          </Tabs.Panel>
        </Tabs>
      </div>
      <div data-first={(consent !== undefined && isFresh(consent)) || undefined}>
        <Section title={texts.progress}>
          {error !== null && <ProblemAlert error={error} />}
          {consent === undefined ? (
            !isLoading && <Text size="sm">{texts.noneYet}</Text>
          ) : (
            <ConsentView consent={consent} />
          )}
        </Section>
      </div>
    </div>
  )
}

function Hint({ text }: { readonly text: string }): ReactElement {
  return (
    <Text mb="lg" maw={680}>
      {text}
    </Text>
  )
}
