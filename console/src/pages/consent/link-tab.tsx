import { NativeSelect, Stack, Textarea, TextInput, Title } from '@mantine/core'
import { useForm } from '@mantine/form'
import type { ReactElement } from 'react'
import { useAction } from '../../app/calls.ts'
import { GatedButton, useObstacle } from '../../parts/gated-button.tsx'
import { ProblemAlert } from '../../parts/problem.tsx'
import { RedirectUri } from '../../parts/redirect-uri.tsx'
import { useTexts } from '../../texts/index.ts'
import type { Connection } from '../connections/connection.ts'
import { AccountNeeded } from './account-needed.tsx'
import { LinkList } from './link-list.tsx'
import { ShownOnce } from './shown-once.tsx'

/** A link for whoever has the account, and how far each link has come. */
export function LinkTab({
  connection,
  redirectUri,
  accountName,
}: {
  readonly connection: Connection
  readonly redirectUri: string | undefined
  readonly accountName: string | undefined
}): ReactElement {
  const { consent: texts } = useTexts()
  const obstacle = useObstacle('operator')
  const create = useAction('links.create')
  const form = useForm({
    initialValues: { recipient: '', note: '', seconds: '259200', approves: false },
    validate: { recipient: (text) => (text.trim() === '' ? texts.recipientMissing : null) },
  })
  const made = create.data
  return (
    <Stack gap="lg">
      {redirectUri !== undefined && <RedirectUri uri={redirectUri} />}
      <form
        noValidate
        onSubmit={form.onSubmit(
          ({ recipient, note, seconds, approves }) => {
            if (obstacle !== undefined) return
            create.mutate(
              {
                address: connection.name,
                recipient: recipient.trim(),
                ...(note.trim() === '' ? {} : { note: note.trim() }),
                expires_in_seconds: Number(seconds),
                ...(approves ? { approve_account: true } : {}),
              },
              { onSuccess: () => form.reset() },
            )
          },
          () => form.getInputNode('recipient')?.focus(),
        )}
      >
        <Title order={2} size="sm" mb="sm">
          {texts.linkTitle}
        </Title>
        <Stack gap="md" maw={560}>
          <TextInput
            label={texts.recipient}
            description={texts.recipientHint}
            required
            maxLength={200}
            autoComplete="off"
            {...form.getInputProps('recipient')}
          />
          <Textarea
            label={texts.note}
            description={texts.noteHint}
            autosize
            minRows={2}
            maxLength={1_000}
            {...form.getInputProps('note')}
          />
          <NativeSelect
            label={texts.life}
            data={texts.lives.map(([value, label]) => ({ value, label }))}
            {...form.getInputProps('seconds')}
          />
          <AccountNeeded
            connection={connection}
            accountName={accountName}
            approves={form.values.approves}
            onApprove={(approves) => form.setFieldValue('approves', approves)}
          />
          {create.error !== null && <ProblemAlert error={create.error} />}
          <div>
            <GatedButton type="submit" obstacle={obstacle} loading={create.isPending}>
              {texts.makeLink}
            </GatedButton>
          </div>
        </Stack>
      </form>
      {made !== undefined && (
        <div role="status">
          <ShownOnce
            label={texts.linkOnce}
            text={made.url}
            hint={texts.linkOnceHint(made.link.recipient)}
          />
        </div>
      )}
      <LinkList connection={connection} />
    </Stack>
  )
}
