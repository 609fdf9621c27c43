import { Alert, Group, Text } from '@mantine/core'
import { IconInfoCircle } from '@tabler/icons-react'
import type { ReactElement } from 'react'
import { useTexts } from '../texts/index.ts'
import { CopyButton } from './copy-button.tsx'

/** The redirect URI to register with the application, shown before anybody signs in. */
export function RedirectUri({ uri }: { readonly uri: string }): ReactElement {
  const { connectionForm: texts } = useTexts()
  return (
    <Alert
      role="note"
      variant="light"
      color="blue"
      icon={<IconInfoCircle aria-hidden />}
      title={texts.redirectTitle}
    >
      <Group gap="xs" mb={4}>
        <Text size="sm" ff="monospace" className="break-anywhere">
          {uri}
        </Text>
        <CopyButton text={uri} />
      </Group>
      <Text size="sm">{texts.redirectHint}</Text>
    </Alert>
  )
}
