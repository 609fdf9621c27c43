import { Alert, Group, SimpleGrid, Skeleton, Stack, Text } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { useParams } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useCall } from '../../app/calls.ts'
import { Instant } from '../../parts/instant.tsx'
import { Page } from '../../parts/page.tsx'
import { ProblemAlert, TroubleText } from '../../parts/problem.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { useTexts } from '../../texts/index.ts'
import { AuditSection } from './audit-section.tsx'
import { CaptureSection } from './capture-section.tsx'
import { ConnectionActions } from './connection-actions.tsx'
import { isConsented, isTemplate, shownState, type Connection } from './connection.ts'
import { ConsentSection } from './consent-section.tsx'
import { CredentialsSection } from './credentials-section.tsx'
import { DefinitionSection } from './definition-section.tsx'
import { PausedNote } from './paused-note.tsx'
import { PermissionsSection } from './permissions-section.tsx'
import { RefreshTokenSection } from './refresh-token-section.tsx'
import { TenantsSection } from './tenants-section.tsx'
import { TestSection } from './test-section.tsx'
import { TokenSection } from './token-section.tsx'
import { TracesSection } from './traces-section.tsx'

/** One connection: how it stands, what it is made of, what it did, and what can be done with it. */
export function ConnectionPage(): ReactElement {
  const { address } = useParams({ from: '/connections/$address' })
  const { common } = useTexts()
  const { data, error, refetch } = useCall(
    'connections.show',
    { address },
    { everyMs: 15_000, keepsOld: false },
  )
  if (data === undefined) {
    return (
      <Page title={address}>
        {error === null ? (
          <Stack role="status" aria-label={common.loading}>
            <Skeleton height={90} />
            <Skeleton height={220} />
          </Stack>
        ) : (
          <ProblemAlert error={error} again={() => void refetch()} />
        )}
      </Page>
    )
  }
  return <Shown connection={data} />
}

function Shown({ connection }: { readonly connection: Connection }): ReactElement {
  const { connection: texts, connections: listTexts } = useTexts()
  const { name, provider, defined_in: definedIn, state, last_failure: failure } = connection
  const shown = shownState(connection)
  const means = texts.stateMeans[connection.lapsing === true ? 'lapsing' : state]
  return (
    <Page
      title={name}
      hint={texts.about(provider, listTexts.definedIn[definedIn])}
      actions={<ConnectionActions connection={connection} />}
    >
      <Group gap="sm">
        <StateBadge state={shown} />
        {means !== undefined && <Text size="sm">{means}</Text>}
      </Group>
      {connection.paused !== null && <PausedNote paused={connection.paused} />}
      {failure !== null && failure !== undefined && (
        <Alert
          color={shown === 'lapsed' ? 'red' : 'yellow'}
          variant="light"
          icon={<IconAlertTriangle aria-hidden />}
          title={
            <>
              {texts.lastFailure} <Instant at={failure.at} />
            </>
          }
        >
          <TroubleText trouble={failure} />
        </Alert>
      )}
      {isTemplate(connection) ? (
        <>
          <TenantsSection name={name} />
          <DefinitionSection connection={connection} />
        </>
      ) : (
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg" verticalSpacing="lg">
          <Stack gap="lg">
            <TokenSection connection={connection} />
            {isConsented(connection) && <RefreshTokenSection connection={connection} />}
            {isConsented(connection) && <ConsentSection connection={connection} />}
            <TestSection key={name} address={name} />
          </Stack>
          <Stack gap="lg">
            <DefinitionSection connection={connection} />
            <PermissionsSection address={name} />
            <CredentialsSection connection={connection} />
            <CaptureSection name={name.split('@')[0] ?? name} />
          </Stack>
        </SimpleGrid>
      )}
      <TracesSection address={name} />
      <AuditSection name={name.split('@')[0] ?? name} />
    </Page>
  )
}
