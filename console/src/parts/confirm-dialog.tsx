import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useState, type ReactElement, type ReactNode } from 'react'
import { useTexts } from '../texts/index.ts'
import { ProblemAlert } from './problem.tsx'

/** Asks before something that cannot be undone; with `word`, only whoever types it goes on. */
export function ConfirmDialog({
  isOpen,
  title,
  action,
  word,
  error = null,
  isPending = false,
  onConfirm,
  onClose,
  children,
}: {
  readonly isOpen: boolean
  readonly title: string
  /** What the button does, in words. */
  readonly action: string
  /** To be typed, usually the name of what is ended. */
  readonly word?: string
  readonly error?: Error | null
  readonly isPending?: boolean
  readonly onConfirm: () => void
  readonly onClose: () => void
  readonly children: ReactNode
}): ReactElement {
  const { common } = useTexts()
  const [typed, setTyped] = useState('')
  const close = (): void => {
    setTyped('')
    onClose()
  }
  const isReady = word === undefined || typed.trim() === word
  return (
    <Modal
      opened={isOpen}
      onClose={close}
      title={title}
      centered
      closeButtonProps={{ 'aria-label': common.close }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (isReady) onConfirm()
        }}
      >
        <Stack gap="md">
          <Text size="sm" component="div">
            {children}
          </Text>
          {word !== undefined && (
            <TextInput
              data-autofocus
              label={common.typeToConfirm(word)}
              value={typed}
              onChange={({ currentTarget: { value } }) => setTyped(value)}
              autoComplete="off"
              spellCheck={false}
            />
          )}
          {error !== null && <ProblemAlert error={error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close}>
              {common.cancel}
            </Button>
            <Button type="submit" color="red.9" loading={isPending} disabled={!isReady}>
              {action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
