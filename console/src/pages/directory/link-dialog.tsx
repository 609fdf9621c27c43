import { Button, Group, Modal, NativeSelect, Stack, TextInput } from '@mantine/core'
import { useState, type ReactElement } from 'react'
import { useAction } from '../../app/calls.ts'
import { useNotices } from '../../parts/notices.tsx'
import { ProblemAlert } from '../../parts/problem.tsx'
import { useTexts } from '../../texts/index.ts'
import { keyOf, type Account } from './account.ts'

const roles = ['viewer', 'operator', 'admin'] as const

/** Links an account to a person, who is made if there is nobody of that name. */
export function LinkDialog({
  account,
  onClose,
}: {
  readonly account: Account
  readonly onClose: () => void
}): ReactElement {
  const { account: texts, common } = useTexts()
  const { done } = useNotices()
  const { person } = account
  const [name, setName] = useState(person?.name ?? '')
  const [role, setRole] = useState<string>(person?.role ?? '')
  const [connections, setConnections] = useState(person?.connections.join(', ') ?? '')
  const link = useAction('people.link', { touches: ['accounts'] })
  const { tenant, kind, id } = keyOf(account)
  return (
    <Modal
      opened
      onClose={onClose}
      title={texts.linkTitle(account.name)}
      centered
      closeButtonProps={{ 'aria-label': common.close }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          link.mutate(
            {
              person: name.trim(),
              tenant,
              account: id,
              kind,
              role: roles.find((one) => one === role) ?? null,
              connections: connections.split(',').flatMap((one) => one.trim() || []),
            },
            {
              onSuccess: (made) => {
                done(texts.linked(made.name))
                onClose()
              },
            },
          )
        }}
      >
        <Stack>
          <TextInput
            data-autofocus
            required
            label={texts.personName}
            description={texts.personNameHint}
            value={name}
            onChange={({ currentTarget }) => setName(currentTarget.value)}
            maxLength={200}
            autoComplete="off"
          />
          <NativeSelect
            label={texts.role}
            description={texts.roleHint}
            value={role}
            onChange={({ currentTarget }) => setRole(currentTarget.value)}
            data={[
              { value: '', label: texts.noRole },
              ...roles.map((value) => ({ value, label: texts.roles[value] ?? value })),
            ]}
          />
          <TextInput
            label={texts.connectionsLabel}
            description={texts.connectionsHint}
            value={connections}
            onChange={({ currentTarget }) => setConnections(currentTarget.value)}
            autoComplete="off"
            spellCheck={false}
          />
          {link.error !== null && <ProblemAlert error={link.error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {common.cancel}
            </Button>
            <Button type="submit" loading={link.isPending} disabled={name.trim() === ''}>
              {texts.save}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
