import { Group, Text } from '@mantine/core'
import { useId, type ReactElement } from 'react'
import { CopyButton } from './copy-button.tsx'

/** A text that is to be entered elsewhere, with what puts it on the clipboard. */
export function CopyField({
  label,
  value,
}: {
  readonly label: string
  readonly value: string
}): ReactElement {
  const id = useId()
  return (
    <div role="group" aria-labelledby={id}>
      <Text size="sm" c="dimmed" id={id}>
        {label}
      </Text>
      <Group gap="xs" wrap="nowrap" justify="space-between" className="copy-field">
        <Text span size="sm" ff="monospace" className="break-anywhere">
          {value}
        </Text>
        <CopyButton text={value} />
      </Group>
    </div>
  )
}
