import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core'
import { IconKey } from '@tabler/icons-react'
import type { ReactElement } from 'react'
import { useTexts } from '../texts/index.ts'
import { CopyField } from './copy-field.tsx'

/** A secret that its service tells once: shown until whoever needs it has stored it. */
export interface OnceTold {
  readonly title: string
  /** What it is: caller key, client secret. */
  readonly label: string
  readonly secret: string
}

/**
 * Shows a secret that nobody can be shown again. It stands in memory alone, and goes with the
 * dialog; a click beside it or Escape does not close it.
 */
export function SecretOnce({
  told,
  onClose,
}: {
  readonly told: OnceTold | undefined
  readonly onClose: () => void
}): ReactElement {
  const { common } = useTexts()
  return (
    <Modal
      opened={told !== undefined}
      onClose={onClose}
      title={told?.title ?? ''}
      size="lg"
      centered
      closeOnClickOutside={false}
      closeOnEscape={false}
      withCloseButton={false}
    >
      {told !== undefined && (
        <Stack>
          <Alert
            variant="light"
            color="yellow"
            className="warning-alert"
            icon={<IconKey aria-hidden />}
          >
            <Text size="sm">{common.shownOnce}</Text>
          </Alert>
          <CopyField label={told.label} value={told.secret} />
          <Group justify="flex-end">
            <Button onClick={onClose}>{common.haveStoredIt}</Button>
          </Group>
        </Stack>
      )}
    </Modal>
  )
}
