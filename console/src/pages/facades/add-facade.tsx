import {
  Autocomplete,
  Button,
  Checkbox,
  Group,
  Modal,
  NativeSelect,
  Stack,
  Textarea,
  TextInput,
} from '@mantine/core'
import { useState, type ReactElement } from 'react'
import type { Operations } from '../../../../src/client/index.ts'
import { useAction, useList } from '../../app/calls.ts'
import { ProblemAlert } from '../../parts/problem.tsx'
import { useTexts } from '../../texts/index.ts'

/** Registers a client. Its secret goes to whoever opened the form, once. */
export function AddFacade({
  onAdded,
  onClose,
}: {
  readonly onAdded: (answer: Operations['facades.add']['result']) => void
  readonly onClose: () => void
}): ReactElement {
  const { facadeForm: texts, common } = useTexts()
  const connections = useList('connections.list', { limit: 200 })
  const add = useAction('facades.add')
  const [name, setName] = useState('')
  const [connection, setConnection] = useState('')
  const [redirectUris, setRedirectUris] = useState('')
  const [tokens, setTokens] = useState<'gateway' | 'upstream'>('gateway')
  const [isPublic, setPublic] = useState(false)
  const [needsPkce, setNeedsPkce] = useState(false)
  const [rotates, setRotates] = useState(false)
  const [needsSecret, setNeedsSecret] = useState(true)
  const uris = redirectUris.split('\n').flatMap((line) => line.trim() || [])
  const isReady = name.trim() !== '' && connection.trim() !== '' && uris.length > 0
  const submit = (): void =>
    add.mutate(
      {
        name: name.trim(),
        connection: connection.trim(),
        redirect_uris: uris,
        tokens,
        public: isPublic,
        pkce: isPublic || needsPkce ? 'required' : 'optional',
        rotate: rotates,
        secret_on_refresh: !isPublic && needsSecret,
      },
      { onSuccess: onAdded },
    )
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
          if (isReady) submit()
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
          <Autocomplete
            required
            label={texts.connection}
            description={texts.connectionHint}
            value={connection}
            onChange={setConnection}
            data={connections.items.map((one) => one.name)}
            autoComplete="off"
            spellCheck={false}
          />
          <Textarea
            required
            label={texts.redirectUris}
            description={texts.redirectUrisHint}
            value={redirectUris}
            onChange={({ currentTarget }) => setRedirectUris(currentTarget.value)}
            rows={2}
            autoComplete="off"
            spellCheck={false}
          />
          <NativeSelect
            label={texts.tokens}
            value={tokens}
            onChange={({ currentTarget }) =>
              setTokens(currentTarget.value === 'upstream' ? 'upstream' : 'gateway')
            }
            data={Object.entries(texts.tokenKinds).map(([value, label]) => ({ value, label }))}
          />
          <Checkbox
            label={texts.isPublic}
            description={texts.isPublicHint}
            checked={isPublic}
            onChange={({ currentTarget }) => setPublic(currentTarget.checked)}
          />
          {!isPublic && (
            <>
              <Checkbox
                label={texts.needsPkce}
                checked={needsPkce}
                onChange={({ currentTarget }) => setNeedsPkce(currentTarget.checked)}
              />
              <Checkbox
                label={texts.secretOnRefresh}
                description={texts.secretOnRefreshHint}
                checked={needsSecret}
                onChange={({ currentTarget }) => setNeedsSecret(currentTarget.checked)}
              />
            </>
          )}
          <Checkbox
            label={texts.rotates}
            checked={rotates}
            onChange={({ currentTarget }) => setRotates(currentTarget.checked)}
          />
          {add.error !== null && <ProblemAlert error={add.error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {common.cancel}
            </Button>
            <Button type="submit" loading={add.isPending} disabled={!isReady}>
              {texts.add}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
