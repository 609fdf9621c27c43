import {
  ActionIcon,
  Button,
  Checkbox,
  Fieldset,
  Group,
  NativeSelect,
  PasswordInput,
  Stack,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core'
import type { UseFormReturnType } from '@mantine/form'
import { IconPlus, IconTrash } from '@tabler/icons-react'
import type { ReactElement } from 'react'
import { useTexts } from '../../texts/index.ts'
import { emptyCredential, type ConnectionDraft } from './connection-draft.ts'

/** What the client proves itself with; what is typed is sent once and never shown again. */
export function CredentialFields({
  form,
}: {
  readonly form: UseFormReturnType<ConnectionDraft>
}): ReactElement {
  const { connectionForm: texts } = useTexts()
  const { isPublic, credentials, grant } = form.values
  return (
    <Stack gap="md">
      {(grant === 'authorization_code' || isPublic) && (
        <Checkbox
          label={texts.isPublic}
          {...form.getInputProps('isPublic', { type: 'checkbox' })}
        />
      )}
      {!isPublic && (
        <>
          <Text size="sm" c="dimmed">
            {texts.credentialsHint}
          </Text>
          {credentials.map(({ key }, position) => (
            <CredentialField key={key} form={form} position={position} />
          ))}
          <Group>
            <Button
              size="xs"
              variant="default"
              leftSection={<IconPlus size={14} aria-hidden />}
              onClick={() => form.insertListItem('credentials', emptyCredential())}
            >
              {texts.addCredential}
            </Button>
          </Group>
        </>
      )}
    </Stack>
  )
}

function CredentialField({
  form,
  position,
}: {
  readonly form: UseFormReturnType<ConnectionDraft>
  readonly position: number
}): ReactElement {
  const { connectionForm: texts, connection } = useTexts()
  const { kind = 'secret', slot } = form.values.credentials[position] ?? {}
  const path = `credentials.${position}`
  const shared = {
    ...(slot === undefined ? {} : { description: texts.kept }),
    ...form.getInputProps(`${path}.secret`),
    spellCheck: false,
  }
  return (
    <Fieldset legend={connection.credentialAt(connection.kinds[kind] ?? kind, position)}>
      <Stack gap="sm">
        <Group gap="sm" align="flex-end" wrap="nowrap">
          <NativeSelect
            label={texts.kind}
            disabled={slot !== undefined}
            data={Object.entries(connection.kinds).map(([value, label]) => ({ value, label }))}
            {...form.getInputProps(`${path}.kind`)}
            flex={1}
          />
          <TextInput
            type="date"
            label={texts.expires}
            {...form.getInputProps(`${path}.expiresOn`)}
            flex={1}
          />
          {form.values.credentials.length > 1 && (
            <ActionIcon
              variant="default"
              size={36}
              aria-label={texts.removeCredential(position)}
              onClick={() => form.removeListItem('credentials', position)}
            >
              <IconTrash size={16} aria-hidden />
            </ActionIcon>
          )}
        </Group>
        {kind === 'secret' ? (
          <PasswordInput label={texts.secret} autoComplete="new-password" {...shared} />
        ) : (
          <Textarea
            label={kind === 'certificate' ? texts.certificate : texts.federated}
            autosize
            minRows={3}
            maxRows={10}
            autoComplete="off"
            classNames={{ input: 'monospace' }}
            {...shared}
          />
        )}
      </Stack>
    </Fieldset>
  )
}
