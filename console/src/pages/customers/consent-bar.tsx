import { Button, Checkbox, Group, Text } from '@mantine/core'
import { useState, type ReactElement } from 'react'
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx'
import { useTexts } from '../../texts/index.ts'

/** Chooses customers, tells what would be done with them, and does it when that is confirmed. */
export function ConsentBar({
  lacking,
  chosen,
  isPending,
  onChoose,
  onAsk,
}: {
  /** Those shown that lack something. */
  readonly lacking: readonly string[]
  readonly chosen: ReadonlySet<string>
  readonly isPending: boolean
  readonly onChoose: (chosen: ReadonlySet<string>) => void
  readonly onAsk: (isDryRun: boolean) => void
}): ReactElement {
  const { customers: texts } = useTexts()
  const [isAsking, setAsking] = useState(false)
  const hasAll = lacking.length > 0 && lacking.every((id) => chosen.has(id))
  const isNone = chosen.size === 0
  return (
    <Group justify="space-between">
      <Group gap="md">
        <Checkbox
          label={texts.chooseAll}
          checked={hasAll}
          disabled={lacking.length === 0}
          onChange={({ currentTarget: { checked } }) => onChoose(new Set(checked ? lacking : []))}
        />
        <Text size="sm" c="dimmed" role="status">
          {texts.chosen(chosen.size)}
        </Text>
      </Group>
      <Group gap="xs">
        <Button variant="default" disabled={isNone} loading={isPending} onClick={() => onAsk(true)}>
          {texts.dryRun}
        </Button>
        <Button disabled={isNone} loading={isPending} onClick={() => setAsking(true)}>
          {texts.grant}
        </Button>
      </Group>
      <ConfirmDialog
        isOpen={isAsking}
        title={texts.grantTitle(chosen.size)}
        action={texts.grant}
        onClose={() => setAsking(false)}
        onConfirm={() => {
          setAsking(false)
          onAsk(false)
        }}
      >
        {texts.grantHint}
      </ConfirmDialog>
    </Group>
  )
}
