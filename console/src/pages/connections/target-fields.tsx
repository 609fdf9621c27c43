import { Radio, Stack, Text, TextInput } from '@mantine/core'
import type { UseFormReturnType } from '@mantine/form'
import type { ReactElement } from 'react'
import { useTexts } from '../../texts/index.ts'
import type { ConnectionDraft } from './connection-draft.ts'

/** How tokens are obtained, what they are for, and where the API is. */
export function TargetFields({
  form,
  hasSeveralUpstreams,
}: {
  readonly form: UseFormReturnType<ConnectionDraft>
  /** They stay as they are: only the command line changes them. */
  readonly hasSeveralUpstreams: boolean
}): ReactElement {
  const { connectionForm: texts } = useTexts()
  const { target } = form.values
  return (
    <Stack gap="md">
      <Radio.Group label={texts.grant} {...form.getInputProps('grant')}>
        <Stack gap={6} mt={6}>
          {Object.entries(texts.grants).map(([value, label]) => (
            <Radio key={value} value={value} label={label} />
          ))}
        </Stack>
      </Radio.Group>
      {hasSeveralUpstreams ? (
        <Text size="sm" c="dimmed">
          {texts.upstreamsKept}
        </Text>
      ) : (
        <>
          <Radio.Group label={texts.target} {...form.getInputProps('target')}>
            <Stack gap={6} mt={6}>
              {Object.entries(texts.targets).map(([value, label]) => (
                <Radio
                  key={value}
                  value={value}
                  label={label}
                  {...(value === 'default' ? { description: texts.targetDefaultHint } : {})}
                />
              ))}
            </Stack>
          </Radio.Group>
          {target === 'resource' && (
            <TextInput
              label={texts.resource}
              description={texts.resourceHint}
              spellCheck={false}
              {...form.getInputProps('resource')}
            />
          )}
          {target === 'scope' && (
            <TextInput
              label={texts.scope}
              description={texts.scopeHint}
              spellCheck={false}
              {...form.getInputProps('scope')}
            />
          )}
          <TextInput
            label={texts.upstream}
            description={texts.upstreamHint}
            spellCheck={false}
            {...form.getInputProps('url')}
          />
        </>
      )}
    </Stack>
  )
}
