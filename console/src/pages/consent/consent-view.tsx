import { Alert, Group, Stack, Text } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import type { ReactElement } from 'react'
import { useAction } from '../../app/calls.ts'
import { Deadline } from '../../parts/deadline.tsx'
import { GatedButton, useObstacle } from '../../parts/gated-button.tsx'
import { Instant } from '../../parts/instant.tsx'
import { useNotices } from '../../parts/notices.tsx'
import { TroubleText } from '../../parts/problem.tsx'
import { Rungs } from '../../parts/rungs.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { useTexts } from '../../texts/index.ts'
import type { Consent } from './consents.ts'

/** How far a sign-in has come: who signed in, each proof, and how it ended. */
export function ConsentView({ consent }: { readonly consent: Consent }): ReactElement {
  const { consent: texts } = useTexts()
  const { state, account, rungs, failure, unverified, link } = consent
  return (
    <Stack gap="md">
      <Group gap="sm" role="status">
        <StateBadge state={state} label={texts.states[state] ?? state} />
        <Text size="sm">{texts.means[state]}</Text>
      </Group>
      {failure !== null && (
        <Alert
          role="alert"
          color="red"
          variant="light"
          icon={<IconAlertTriangle aria-hidden />}
          title={failure.title}
        >
          <TroubleText trouble={failure} />
        </Alert>
      )}
      {state === 'active' && unverified > 0 && (
        <Text size="sm" c="dimmed">
          {texts.unverified(unverified)}{' '}
          {rungs.some(isOpen) ? texts.unverifiedOpen : texts.unverifiedFine}
        </Text>
      )}
      <Text size="sm" c="dimmed" component="div">
        {texts.begun} <Instant at={consent.created_at} /> {texts.by} {consent.started_by}
        {link !== null && <> {texts.throughLink(link.recipient)}</>}
        {account !== null && (
          <>
            . {texts.account}: {account.user_name ?? account.subject}
          </>
        )}
      </Text>
      {state === 'created' && <Waiting consent={consent} />}
      {rungs.length > 0 && <Rungs label={texts.proofs} rungs={rungs} />}
    </Stack>
  )
}

/** Whether a proof that could not be shown could be, if somebody did something. */
function isOpen({ outcome, remedy }: Consent['rungs'][number]): boolean {
  return outcome === 'unverified' && remedy !== null
}

function Waiting({ consent }: { readonly consent: Consent }): ReactElement {
  const { consent: texts } = useTexts()
  const { done, failed } = useNotices()
  const cancel = useAction('consents.cancel', { touches: ['links'] })
  return (
    <Group justify="space-between" align="flex-end">
      <div>
        <Text size="sm" c="dimmed">
          {texts.waitsUntil}
        </Text>
        <Deadline at={consent.expires_at} />
      </div>
      <GatedButton
        size="xs"
        variant="default"
        obstacle={useObstacle('operator')}
        loading={cancel.isPending}
        onClick={() =>
          cancel.mutate(
            { consent: consent.id },
            { onSuccess: () => done(texts.cancelled), onError: failed },
          )
        }
      >
        {texts.cancelSignIn}
      </GatedButton>
    </Group>
  )
}
