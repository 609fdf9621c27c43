import { Kbd, Modal, Stack, Switch, Table, Text } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useTexts } from '../texts/index.ts'
import { useKeys } from './keys.ts'
import { navigation } from './navigation.ts'

const places = navigation.flatMap((group) => group.places)

/** What the keyboard does everywhere, and the switch that ends it. */
export function KeysDialog({
  isOpen,
  onOpen,
  onClose,
}: {
  readonly isOpen: boolean
  readonly onOpen: () => void
  readonly onClose: () => void
}): ReactElement {
  const { keys: texts, shell, common } = useTexts()
  const navigate = useNavigate()
  const { areOn, switchTo } = useKeys({
    search: () => document.querySelector<HTMLInputElement>('main input[type=search]')?.focus(),
    help: onOpen,
    goTo: (key) => {
      const place = places.find((one) => one.key === key)
      if (place === undefined) return false
      void navigate({ to: place.to })
      return true
    },
  })
  const rows: readonly (readonly [keys: readonly string[], does: string])[] = [
    [['/'], texts.search],
    [['?'], texts.help],
    ...places.map(({ key, page }) => [['g', key], texts.goTo(shell.pages[page])] as const),
  ]
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      title={texts.title}
      centered
      closeButtonProps={{ 'aria-label': common.close }}
    >
      <Stack gap="md">
        <Text size="sm">{texts.hint}</Text>
        <Table aria-label={texts.title}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{texts.key}</Table.Th>
              <Table.Th scope="col">{texts.does}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map(([keys, does]) => (
              <Table.Tr key={does}>
                <Table.Td>
                  {keys.map((key, index) => (
                    <span key={key}>
                      {index > 0 && ` ${texts.afterwards} `}
                      <Kbd>{key}</Kbd>
                    </span>
                  ))}
                </Table.Td>
                <Table.Td>{does}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        <Switch
          label={texts.use}
          checked={areOn}
          onChange={({ currentTarget: { checked } }) => switchTo(checked)}
        />
      </Stack>
    </Modal>
  )
}
