import { Code, Group, Modal, Skeleton, Stack, Text } from '@mantine/core'
import type { ReactElement } from 'react'
import { useCall } from '../../app/calls.ts'
import { CopyButton } from '../../parts/copy-button.tsx'
import { ProblemAlert } from '../../parts/problem.tsx'
import { useTexts } from '../../texts/index.ts'

/** A connection as it would stand in the file. */
export function ExportDialog({
  name,
  isOpen,
  onClose,
}: {
  readonly name: string
  readonly isOpen: boolean
  readonly onClose: () => void
}): ReactElement {
  const { connection: texts, common } = useTexts()
  const { data, error } = useCall('connections.export', { name }, { enabled: isOpen })
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      title={texts.exportTitle(name)}
      size="lg"
      centered
      closeButtonProps={{ 'aria-label': common.close }}
    >
      <Stack gap="sm">
        <Text size="sm">{texts.exportHint}</Text>
        {error !== null && <ProblemAlert error={error} />}
        {data === undefined ? (
          error === null && <Skeleton height={160} />
        ) : (
          <>
            <Group justify="flex-end">
              <CopyButton text={data.yaml} />
            </Group>
            <Code block tabIndex={0}>
              {data.yaml}
            </Code>
            {data.variables.length > 0 && (
              <Text size="sm">
                {texts.variables}: <Code>{data.variables.join(', ')}</Code>
              </Text>
            )}
          </>
        )}
      </Stack>
    </Modal>
  )
}
