import { Alert, Button, Group, NativeSelect, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { IconAlertTriangle } from '@tabler/icons-react'
import { useEffect, useRef, type ReactElement } from 'react'
import type { Operations } from '../../../../src/client/index.ts'
import { RedirectUri } from '../../parts/redirect-uri.tsx'
import { ButtonLink } from '../../parts/link.tsx'
import { ProblemAlert } from '../../parts/problem.tsx'
import { Section } from '../../parts/section.tsx'
import { useTexts } from '../../texts/index.ts'
import { checkDraft } from './check-draft.ts'
import { definitionOf, type ConnectionDraft, type Definition } from './connection-draft.ts'
import { CredentialFields } from './credential-fields.tsx'
import { TargetFields } from './target-fields.tsx'

/** A provider that connections can be defined for. */
export type Provider = Operations['providers.list']['result']['items'][number]

/** The fields of a connection; what is wrong is told above them, and the focus goes there. */
export function ConnectionForm({
  draft,
  base,
  providers,
  isNew,
  isFixed = false,
  error,
  isPending,
  onSave,
}: {
  readonly draft: ConnectionDraft
  /** What the draft is laid over: fields that the form does not show stay as they are. */
  readonly base: Definition
  readonly providers: readonly Provider[]
  readonly isNew: boolean
  /** Whether grant and targets are the preset’s. */
  readonly isFixed?: boolean
  readonly error: Error | null
  readonly isPending: boolean
  readonly onSave: (
    name: string,
    body: ReturnType<typeof definitionOf>,
    draft: ConnectionDraft,
  ) => void
}): ReactElement {
  const { connectionForm: texts, common } = useTexts()
  const summary = useRef<HTMLDivElement>(null)
  const form = useForm<ConnectionDraft>({
    initialValues: draft,
    validate: (values) => checkDraft(texts, values),
  })
  useEffect(() => {
    if (error !== null) summary.current?.focus()
  }, [error])
  const wrong = Object.keys(form.errors).length
  const { provider, grant, name } = form.values
  const redirectUri = providers.find((one) => one.name === provider)?.redirect_uri
  const isConsented = grant === 'authorization_code'
  return (
    <form
      noValidate
      onSubmit={form.onSubmit(
        (values) => onSave(values.name, definitionOf(values, base), values),
        () => setTimeout(() => summary.current?.focus(), 0),
      )}
    >
      <Stack gap="lg">
        <div ref={summary} tabIndex={-1} className="error-summary">
          {wrong > 0 && (
            <Alert
              role="alert"
              color="red"
              variant="light"
              icon={<IconAlertTriangle aria-hidden />}
              title={texts.errors(wrong)}
            >
              <ul className="plain-list">
                {Object.entries(form.errors).map(([path, text]) => (
                  <li key={path}>{text}</li>
                ))}
              </ul>
            </Alert>
          )}
          {error !== null && <ProblemAlert error={error} />}
        </div>
        <Section title={texts.basics}>
          <Stack gap="md">
            {isNew && (
              <TextInput
                label={texts.name}
                description={texts.nameHint}
                required
                autoComplete="off"
                spellCheck={false}
                {...form.getInputProps('name')}
              />
            )}
            <NativeSelect
              label={texts.provider}
              description={texts.providerHint}
              required
              data={[
                ...(provider === '' ? [{ value: '', label: '' }] : []),
                ...providers.map((one) => ({
                  value: one.name,
                  label: [one.name, one.tenant ?? one.issuer].filter(Boolean).join(', '),
                })),
              ]}
              {...form.getInputProps('provider')}
            />
            <TextInput
              label={texts.tenant}
              description={texts.tenantHint}
              autoComplete="off"
              spellCheck={false}
              {...form.getInputProps('tenant')}
            />
          </Stack>
        </Section>
        <Section title={texts.client}>
          <Stack gap="md">
            <TextInput
              label={texts.clientId}
              description={texts.clientIdHint}
              required
              autoComplete="off"
              spellCheck={false}
              {...form.getInputProps('clientId')}
            />
            {isConsented && redirectUri !== undefined && <RedirectUri uri={redirectUri} />}
          </Stack>
        </Section>
        {!isFixed && (
          <Section title={texts.target}>
            <TargetFields form={form} hasSeveralUpstreams={base['upstreams'] !== undefined} />
          </Section>
        )}
        <Section title={texts.credentials}>
          <CredentialFields form={form} />
        </Section>
        <Group justify="flex-end">
          {isNew ? (
            <ButtonLink to="/connections" variant="default">
              {common.cancel}
            </ButtonLink>
          ) : (
            <ButtonLink to="/connections/$address" params={{ address: name }} variant="default">
              {common.cancel}
            </ButtonLink>
          )}
          <Button type="submit" loading={isPending}>
            {isNew && isConsented ? texts.saveAndConsent : texts.save}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
