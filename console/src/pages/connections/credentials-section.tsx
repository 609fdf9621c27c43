import { Group, Stack, Text } from '@mantine/core'
import { IconCertificate, IconKey } from '@tabler/icons-react'
import type { ReactElement } from 'react'
import { Deadline } from '../../parts/deadline.tsx'
import { Section } from '../../parts/section.tsx'
import { useTexts } from '../../texts/index.ts'
import { soonDays, type Connection } from './connection.ts'

/** What the client proves itself with, and until when; never the secrets. */
export function CredentialsSection({
  connection: { credentials = [] },
}: {
  readonly connection: Connection
}): ReactElement {
  const { connection: texts } = useTexts()
  return (
    <Section title={texts.credentials}>
      {credentials.length === 0 && <Text size="sm">{texts.noCredentials}</Text>}
      <Stack gap="sm">
        {credentials.map(({ position, kind, expires_at: ends }) => {
          const Sign = kind === 'certificate' ? IconCertificate : IconKey
          return (
            <Group key={position} justify="space-between" align="flex-start" wrap="nowrap">
              <Group gap="xs" wrap="nowrap">
                <Sign size={18} aria-hidden />
                <Text size="sm">{texts.credentialAt(texts.kinds[kind] ?? kind, position)}</Text>
              </Group>
              {ends === null ? (
                <Text size="sm" c="dimmed">
                  {texts.endUnknown}
                </Text>
              ) : (
                <Deadline at={ends} nearDays={soonDays.credential} />
              )}
            </Group>
          )
        })}
      </Stack>
    </Section>
  )
}
