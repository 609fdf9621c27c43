import {
  Button,
  Checkbox,
  Group,
  Modal,
  NativeSelect,
  NumberInput,
  SimpleGrid,
  Stack,
  TextInput,
} from '@mantine/core'
import { useState, type ReactElement } from 'react'
import type { Operations } from '../../../../src/client/index.ts'
import { useAction } from '../../app/calls.ts'
import { ProblemAlert } from '../../parts/problem.tsx'
import { useTexts } from '../../texts/index.ts'

const roles = ['viewer', 'operator', 'admin'] as const

/** Makes a caller. Its key goes to whoever opened the form, once. */
export function AddCaller({
  onAdded,
  onClose,
}: {
  readonly onAdded: (answer: Operations['callers.add']['result']) => void
  readonly onClose: () => void
}): ReactElement {
  const { callerForm: texts, common } = useTexts()
  const add = useAction('callers.add')
  const [name, setName] = useState('')
  const [role, setRole] = useState('')
  const [mayCallAll, setMayCallAll] = useState(false)
  const [connections, setConnections] = useState('')
  const [upstream, setUpstream] = useState('')
  const [allowsTokens, setAllowsTokens] = useState(false)
  const [rate, setRate] = useState<string | number>('')
  const [concurrency, setConcurrency] = useState<string | number>('')
  const submit = (): void => {
    const chosen = roles.find((one) => one === role)
    const names = connections.split(',').flatMap((one) => one.trim() || [])
    add.mutate(
      {
        name: name.trim(),
        ...(chosen === undefined ? {} : { role: chosen }),
        connections: mayCallAll ? '*' : names,
        ...(upstream.trim() === '' ? {} : { upstream: upstream.trim() }),
        allow_tokens: allowsTokens,
        ...(rate === '' ? {} : { rate: Number(rate) }),
        ...(concurrency === '' ? {} : { concurrency: Number(concurrency) }),
      },
      { onSuccess: onAdded },
    )
  }
  return (
    <Modal
      opened
      onClose={onClose}
      title={texts.title}
      size="lg"
      closeButtonProps={{ 'aria-label': common.close }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (name.trim() !== '') submit()
        }}
      >
        <Stack>
          <TextInput
            data-autofocus
            required
            label={texts.name}
            value={name}
            onChange={({ currentTarget }) => setName(currentTarget.value)}
            maxLength={100}
            autoComplete="off"
          />
          <NativeSelect
            label={texts.role}
            description={texts.roleHint}
            value={role}
            onChange={({ currentTarget }) => setRole(currentTarget.value)}
            data={Object.entries(texts.roles).map(([value, label]) => ({ value, label }))}
          />
          <Checkbox
            label={texts.every}
            checked={mayCallAll}
            onChange={({ currentTarget }) => setMayCallAll(currentTarget.checked)}
          />
          {!mayCallAll && (
            <TextInput
              label={texts.connections}
              description={texts.connectionsHint}
              value={connections}
              onChange={({ currentTarget }) => setConnections(currentTarget.value)}
              autoComplete="off"
              spellCheck={false}
            />
          )}
          <TextInput
            label={texts.upstream}
            value={upstream}
            onChange={({ currentTarget }) => setUpstream(currentTarget.value)}
            maxLength={64}
            autoComplete="off"
            spellCheck={false}
          />
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <NumberInput
              label={texts.rate}
              description={texts.limitHint}
              value={rate}
              onChange={setRate}
              min={0}
              hideControls
            />
            <NumberInput
              label={texts.concurrency}
              description={texts.limitHint}
              value={concurrency}
              onChange={setConcurrency}
              min={1}
              allowDecimal={false}
              hideControls
            />
          </SimpleGrid>
          <Checkbox
            label={texts.allowTokens}
            description={texts.allowTokensHint}
            checked={allowsTokens}
            onChange={({ currentTarget }) => setAllowsTokens(currentTarget.checked)}
          />
          {add.error !== null && <ProblemAlert error={add.error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {common.cancel}
            </Button>
            <Button type="submit" loading={add.isPending} disabled={name.trim() === ''}>
              {texts.add}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
