import { Stack, Text, Title } from '@mantine/core'
import { useState, type ReactElement } from 'react'
import { useAction } from '../../app/calls.ts'
import { GatedButton, useObstacle } from '../../parts/gated-button.tsx'
import { Instant } from '../../parts/instant.tsx'
import { ProblemAlert } from '../../parts/problem.tsx'
import { RedirectUri } from '../../parts/redirect-uri.tsx'
import { useTexts } from '../../texts/index.ts'
import type { Connection } from '../connections/connection.ts'
import { AccountNeeded } from './account-needed.tsx'
import type { Consent } from './consents.ts'
import { HostedPage } from './hosted-page.tsx'
import { PasteForm } from './paste-form.tsx'
import { ShownOnce } from './shown-once.tsx'

/** Somebody else signs in, and what they see at the end is pasted here. */
export function ManualTab({
  connection,
  redirectUri,
  accountName,
  latest,
}: {
  readonly connection: Connection
  readonly redirectUri: string | undefined
  readonly accountName: string | undefined
  readonly latest: Consent | undefined
}): ReactElement {
  const { consent: texts } = useTexts()
  const obstacle = useObstacle('operator')
  const [approves, setApproves] = useState(false)
  const [hosted, setHosted] = useState('')
  const begin = useAction('consents.begin', { touches: ['links'] })
  const begun = begin.data
  const isWaiting = latest?.state === 'created'
  const isBegunHere = begun !== undefined && begun.consent.id === latest?.id
  return (
    <Stack gap="lg">
      <AccountNeeded
        connection={connection}
        accountName={accountName}
        approves={approves}
        onApprove={setApproves}
      />
      {redirectUri !== undefined && <RedirectUri uri={hosted === '' ? redirectUri : hosted} />}
      <div>
        <Title order={2} size="sm" mb={4}>
          {texts.manualFirst}
        </Title>
        <Stack gap="sm" align="flex-start">
          <Text size="sm">{texts.manualFirstHint}</Text>
          <HostedPage address={connection.name} hosted={hosted} onHosted={setHosted} />
          {begun !== undefined && (
            <ShownOnce
              label={texts.manualUrl}
              text={begun.authorization_url}
              hint={texts.manualUrlOnce}
            />
          )}
          {begun === undefined && isWaiting && (
            <Text size="sm">
              {texts.manualWaits} <Instant at={latest.created_at} />. {texts.manualWaitsHint}
            </Text>
          )}
          {begin.error !== null && <ProblemAlert error={begin.error} />}
          <GatedButton
            variant={isWaiting ? 'default' : 'filled'}
            obstacle={obstacle}
            loading={begin.isPending}
            onClick={() =>
              begin.mutate({
                address: connection.name,
                manual: true,
                ...(hosted === '' ? {} : { redirect_uri: hosted }),
                ...(approves ? { approve_account: true } : {}),
              })
            }
          >
            {isWaiting || begun !== undefined ? texts.manualBeginAgain : texts.manualBegin}
          </GatedButton>
        </Stack>
      </div>
      <PasteForm
        address={connection.name}
        approves={approves}
        begunUrl={isBegunHere ? begun.authorization_url : undefined}
      />
    </Stack>
  )
}
