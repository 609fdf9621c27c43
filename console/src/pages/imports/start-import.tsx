import { Button, Checkbox, Group, Modal, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconPlayerPlay } from '@tabler/icons-react'
import { useNavigate } from '@tanstack/react-router'
import { useState, type ReactElement } from 'react'
import { useAction } from '../../app/calls.ts'
import { GatedButton, useObstacle } from '../../parts/gated-button.tsx'
import { ProblemAlert } from '../../parts/problem.tsx'
import { useTexts } from '../../texts/index.ts'

/** Begins an import of the configuration, and leads to its run. */
export function StartImport({ name }: { readonly name: string }): ReactElement {
  const { imports: texts } = useTexts()
  const obstacle = useObstacle('operator')
  const [isOpen, { open, close }] = useDisclosure()
  return (
    <>
      <GatedButton
        size="xs"
        variant="default"
        obstacle={obstacle}
        aria-label={texts.startNamed(name)}
        leftSection={<IconPlayerPlay size={14} aria-hidden />}
        onClick={open}
      >
        {texts.start}
      </GatedButton>
      {isOpen && <StartDialog name={name} onClose={close} />}
    </>
  )
}

function StartDialog({
  name,
  onClose,
}: {
  readonly name: string
  readonly onClose: () => void
}): ReactElement {
  const { imports: texts, common } = useTexts()
  const navigate = useNavigate()
  const start = useAction('imports.run')
  const [isFresh, setFresh] = useState(false)
  const [isTakeOver, setTakeOver] = useState(false)
  return (
    <Modal
      opened
      onClose={onClose}
      title={texts.startTitle(name)}
      centered
      closeButtonProps={{ 'aria-label': common.close }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          start.mutate(
            { name, fresh: isFresh, take_over: isTakeOver },
            { onSuccess: ({ id }) => void navigate({ to: '/imports/$id', params: { id } }) },
          )
        }}
      >
        <Stack>
          <Text size="sm">{texts.startHint}</Text>
          <Checkbox
            label={texts.fresh}
            description={texts.freshHint}
            checked={isFresh}
            onChange={({ currentTarget }) => setFresh(currentTarget.checked)}
          />
          <Checkbox
            label={texts.takeOver}
            description={texts.takeOverHint}
            checked={isTakeOver}
            onChange={({ currentTarget }) => setTakeOver(currentTarget.checked)}
          />
          {start.error !== null && <ProblemAlert error={start.error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {common.cancel}
            </Button>
            <Button type="submit" data-autofocus loading={start.isPending}>
              {texts.start}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
