import { Group, Paper, Text } from '@mantine/core'
import type { ReactElement } from 'react'
import { CopyButton } from '../../parts/copy-button.tsx'

/** A text that is shown now and not again. It lives in memory alone. */
export function ShownOnce({
  label,
  text,
  hint,
}: {
  readonly label: string
  readonly text: string
  readonly hint: string
}): ReactElement {
  return (
    <Paper withBorder p="sm" w="100%" component="section" aria-label={label}>
      <Group justify="space-between" wrap="nowrap" mb={4}>
        <Text size="sm" fw={600}>
          {label}
        </Text>
        <span className="keeps-width">
          <CopyButton text={text} />
        </span>
      </Group>
      <Text
        size="xs"
        ff="monospace"
        className="break-anywhere shown-once"
        tabIndex={0}
        role="textbox"
        aria-readonly
        aria-label={label}
      >
        {text}
      </Text>
      <Text size="sm" c="dimmed" mt={6}>
        {hint}
      </Text>
    </Paper>
  )
}
