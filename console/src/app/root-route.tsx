import { Button, Stack, Text } from '@mantine/core'
import { IconCompass, IconMoodSad } from '@tabler/icons-react'
import { createRootRoute } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { Empty } from '../parts/empty.tsx'
import { ButtonLink } from '../parts/link.tsx'
import { Page } from '../parts/page.tsx'
import { useTexts } from '../texts/index.ts'
import { Shell } from './shell.tsx'

/** What every page stands in; `routes.ts` of a page hangs itself below it. */
export const root = createRootRoute({
  component: Shell,
  notFoundComponent: NotFound,
  errorComponent: Broken,
})

function NotFound(): ReactElement {
  const { shell } = useTexts()
  return (
    <Page title={shell.notFound}>
      <Empty icon={IconCompass} title={shell.notFound} hint={shell.notFoundHint}>
        <ButtonLink to="/" variant="light">
          {shell.toOverview}
        </ButtonLink>
      </Empty>
    </Page>
  )
}

function Broken({ error }: { readonly error: unknown }): ReactElement {
  const { shell } = useTexts()
  return (
    <Stack role="alert">
      <Empty icon={IconMoodSad} title={shell.broken} hint={shell.brokenHint}>
        <Text size="xs" ff="monospace">
          {error instanceof Error ? error.message : String(error)}
        </Text>
        <Button onClick={() => location.reload()}>{shell.reload}</Button>
      </Empty>
    </Stack>
  )
}
