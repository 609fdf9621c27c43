import { Button, CopyButton as Copier } from '@mantine/core'
import { IconCheck, IconCopy } from '@tabler/icons-react'
import type { ReactElement } from 'react'
import { useTexts } from '../texts/index.ts'

/** Puts a text on the clipboard and says so. */
export function CopyButton({
  text,
  label,
}: {
  readonly text: string
  readonly label?: string
}): ReactElement {
  const { common } = useTexts()
  return (
    <Copier value={text}>
      {({ copied, copy }) => (
        <Button
          size="compact-xs"
          variant="subtle"
          mih={24}
          onClick={copy}
          leftSection={
            copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />
          }
        >
          <span aria-live="polite">{copied ? common.copied : (label ?? common.copy)}</span>
        </Button>
      )}
    </Copier>
  )
}
