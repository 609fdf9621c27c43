import { Group, SimpleGrid, Skeleton, Stack, Text } from '@mantine/core'
import { useParams } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useCall } from '../../app/calls.ts'
import { CopyField } from '../../parts/copy-field.tsx'
import { Facts } from '../../parts/facts.tsx'
import { ForRole } from '../../parts/for-role.tsx'
import { Instant } from '../../parts/instant.tsx'
import { PageLink } from '../../parts/link.tsx'
import { Page } from '../../parts/page.tsx'
import { ProblemAlert } from '../../parts/problem.tsx'
import { Section } from '../../parts/section.tsx'
import { useTexts } from '../../texts/index.ts'
import { FacadeActions } from './facade-actions.tsx'
import { FacadeState } from './facade-state.tsx'
import { addressesOf, type FacadeClient } from './facade.ts'

/** One client: what to enter there, and what can be done with it here. */
export function FacadePage(): ReactElement {
  const { client: id } = useParams({ from: '/facades/$client' })
  return (
    <ForRole role="operator">
      <Loaded id={id} />
    </ForRole>
  )
}

function Loaded({ id }: { readonly id: string }): ReactElement {
  const { common } = useTexts()
  const { data, error, refetch } = useCall(
    'facades.show',
    { client: id },
    { everyMs: 15_000, keepsOld: false },
  )
  if (data !== undefined) return <Shown client={data} />
  return (
    <Page title={id}>
      {error === null ? (
        <Skeleton height={220} role="status" aria-label={common.loading} />
      ) : (
        <ProblemAlert error={error} again={() => void refetch()} />
      )}
    </Page>
  )
}

function Shown({ client }: { readonly client: FacadeClient }): ReactElement {
  const { facade: texts } = useTexts()
  return (
    <Page title={client.name} actions={<FacadeActions client={client} />}>
      <Group gap="sm">
        <FacadeState client={client} />
        {client.public && client.revoked_at === undefined && (
          <Text size="sm" c="dimmed">
            {texts.approveHint}
          </Text>
        )}
      </Group>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg" verticalSpacing="lg">
        <Enter client={client} />
        <About client={client} />
      </SimpleGrid>
    </Page>
  )
}

function Enter({ client }: { readonly client: FacadeClient }): ReactElement {
  const { facade: texts } = useTexts()
  const at = addressesOf(client, location.origin)
  return (
    <Section title={texts.enter} {...(client.public ? {} : { hint: texts.enterHint })}>
      <Stack gap="sm">
        <CopyField label={texts.clientId} value={client.client_id} />
        <CopyField label={texts.authorizeUrl} value={at.authorize} />
        <CopyField label={texts.tokenUrl} value={at.token} />
        <CopyField label={texts.userInfoUrl} value={at.userInfo} />
        <CopyField label={texts.metadataUrl} value={at.metadata} />
        {client.tokens === 'gateway' ? (
          <CopyField label={texts.callUrl} value={at.calls} />
        ) : (
          <Text size="sm">{texts.callUpstream}</Text>
        )}
      </Stack>
    </Section>
  )
}

function About({ client }: { readonly client: FacadeClient }): ReactElement {
  const { facade: texts, facades } = useTexts()
  return (
    <Section title={texts.about}>
      <Facts
        facts={[
          [
            texts.connection,
            <PageLink key="to" to="/connections/$address" params={{ address: client.connection }}>
              {client.connection}
            </PageLink>,
          ],
          [texts.upstream, client.upstream],
          [texts.tokens, facades.tokens[client.tokens]],
          [texts.secret, client.public ? texts.noSecret : texts.hasSecret],
          [texts.pkce, texts.pkceKinds[client.pkce]],
          [texts.rotation, client.rotate ? texts.rotates : texts.stays],
          [texts.secretOnRefresh, client.secret_on_refresh ? texts.needed : texts.notNeeded],
          [texts.authorizations, client.authorizations],
          [texts.created, <Instant key="at" at={client.created_at} />],
          [texts.approved, <Instant key="at" at={client.approved_at} />],
        ]}
      />
      <Text size="sm" c="dimmed" mt="md">
        {texts.redirectUris}
      </Text>
      <ul className="plain-list">
        {client.redirect_uris.map((uri) => (
          <li key={uri} className="break-anywhere">
            {uri}
          </li>
        ))}
      </ul>
    </Section>
  )
}
