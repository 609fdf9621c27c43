import { Group, Skeleton, Stack, Text, Title } from '@mantine/core'
import { IconCheck, IconX } from '@tabler/icons-react'
import type { ReactElement } from 'react'
import type { Operations } from '../../../../src/client/index.ts'
import { useCall } from '../../app/calls.ts'
import { CopyButton } from '../../parts/copy-button.tsx'
import { ProblemAlert } from '../../parts/problem.tsx'
import { Section } from '../../parts/section.tsx'
import { useTexts } from '../../texts/index.ts'

type Target = Operations['connections.permissions']['result']['targets'][number]

/** What tokens must hold and what they hold, for each API, and how to ask for the rest. */
export function PermissionsSection({ address }: { readonly address: string }): ReactElement {
  const { permissions: texts } = useTexts()
  const { data, error, refetch } = useCall(
    'connections.permissions',
    { address },
    { everyMs: 60_000, keepsOld: false },
  )
  const missing = data?.targets.flatMap((one) => one.missing).length ?? 0
  return (
    <Section title={texts.title} hint={texts.hint}>
      {error !== null && <ProblemAlert error={error} again={() => void refetch()} />}
      {data === undefined && error === null && <Skeleton height={80} />}
      {data !== undefined && (
        <Stack gap="md">
          {missing > 0 && (
            <Text size="sm" fw={600} role="status">
              {texts.someMissing(missing)}
            </Text>
          )}
          {data.targets.map((one) => (
            <TargetView key={one.target} target={one} />
          ))}
          {data.reconsent_url !== null && (
            <AskBy title={texts.reconsent} url={data.reconsent_url} />
          )}
          {missing > 0 && data.admin_consent_url !== null && (
            <AskBy
              title={texts.adminConsent}
              hint={texts.adminConsentHint}
              url={data.admin_consent_url}
            />
          )}
          {missing > 0 && (
            <Text size="xs" c="dimmed">
              {texts.registered}
            </Text>
          )}
        </Stack>
      )}
    </Section>
  )
}

function TargetView({
  target: { target, required, missing, additional, source },
}: {
  readonly target: Target
}): ReactElement {
  const { permissions: texts } = useTexts()
  return (
    <div>
      <Title order={3} size="sm" className="break-anywhere" mb={4}>
        {target.replace(/^(?:resource|scope) /, '')}
      </Title>
      {source === 'none' && (
        <Text size="sm" c="dimmed">
          {texts.notKnown}
        </Text>
      )}
      {required.length === 0 && source !== 'none' && (
        <Text size="sm" c="dimmed">
          {texts.nothingRequired}
        </Text>
      )}
      <ul className="scopes">
        {required.map((scope) => {
          const isMissing = missing.includes(scope)
          return (
            <li key={scope} data-missing={isMissing || undefined}>
              {source !== 'none' &&
                (isMissing ? <IconX size={14} aria-hidden /> : <IconCheck size={14} aria-hidden />)}
              <Text span size="sm" className="break-anywhere">
                {scope}
              </Text>
              {source !== 'none' && (
                <Text span size="xs" c="dimmed">
                  {isMissing ? texts.missing : texts.granted}
                </Text>
              )}
            </li>
          )
        })}
      </ul>
      {additional.length > 0 && (
        <details className="steps">
          <summary>{texts.additional(additional.length)}</summary>
          <Text size="sm" c="dimmed" className="break-anywhere">
            {additional.join(' ')}
          </Text>
        </details>
      )}
    </div>
  )
}

function AskBy({
  title,
  hint,
  url,
}: {
  readonly title: string
  readonly hint?: string
  readonly url: string
}): ReactElement {
  return (
    <div>
      <Group gap="xs" justify="space-between">
        <Text size="sm" fw={600}>
          {title}
        </Text>
        <CopyButton text={url} />
      </Group>
      {hint !== undefined && (
        <Text size="xs" c="dimmed">
          {hint}
        </Text>
      )}
      <Text size="xs" ff="monospace" className="break-anywhere">
        {url}
      </Text>
    </div>
  )
}
