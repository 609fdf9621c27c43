import { Stack, Text, TextInput } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import type { ReactElement } from 'react'
import { useAction } from '../../app/calls.ts'
import { GatedButton, useObstacle } from '../../parts/gated-button.tsx'
import { useNotices } from '../../parts/notices.tsx'
import { useTexts } from '../../texts/index.ts'

/** For whoever cannot reach this service: a page to host elsewhere, and where it is hosted. */
export function HostedPage({
  address,
  hosted,
  onHosted,
}: {
  readonly address: string
  readonly hosted: string
  readonly onHosted: (url: string) => void
}): ReactElement {
  const { consent: texts } = useTexts()
  const obstacle = useObstacle('operator')
  const { failed } = useNotices()
  const page = useAction('consents.page')
  const download = (): void =>
    page.mutate(
      { address },
      { onSuccess: ({ html }) => save(`evergrant-${address}.html`, html), onError: failed },
    )
  return (
    <details className="details">
      <summary>{texts.unreachable}</summary>
      <Stack gap="sm" align="flex-start">
        <Text size="sm">{texts.hostHint}</Text>
        <GatedButton
          size="xs"
          variant="default"
          obstacle={obstacle}
          leftSection={<IconDownload size={16} aria-hidden />}
          loading={page.isPending}
          onClick={download}
        >
          {texts.onboardingPage}
        </GatedButton>
        <TextInput
          w="100%"
          label={texts.hosted}
          description={texts.hostedHint}
          type="url"
          autoComplete="off"
          placeholder="https://…"
          value={hosted}
          onChange={({ currentTarget: { value } }) => onHosted(value.trim())}
        />
      </Stack>
    </details>
  )
}

/** Hands a text to the browser as a file. */
function save(name: string, html: string): void {
  const url = URL.createObjectURL(new Blob([html], { type: 'text/html' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}
