import { Button, Stack, Text } from '@mantine/core'
import { IconCompass, IconMoodSad } from '@tabler/icons-react'
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
} from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { Empty } from '../parts/empty.tsx'
import { ButtonLink } from '../parts/link.tsx'
import { Page } from '../parts/page.tsx'
import { useTexts } from '../texts/index.ts'
import { Shell } from './shell.tsx'

const root = createRootRoute({
  component: Shell,
  notFoundComponent: NotFound,
  errorComponent: Broken,
})

/** Reads texts of the address’s query: the same address shows the same again. */
function textsOf<Name extends string>(
  ...names: readonly Name[]
): (query: Record<string, unknown>) => { readonly [N in Name]?: string } {
  return (query) => {
    const found = names.flatMap((name) => {
      const value = query[name]
      return typeof value === 'string' && value !== '' ? [[name, value] as const] : []
    })
    return Object.fromEntries(found) as { readonly [N in Name]?: string }
  }
}

const routes = [
  createRoute({
    getParentRoute: () => root,
    path: '/',
    component: lazyRouteComponent(
      () => import('../pages/overview/overview-page.tsx'),
      'OverviewPage',
    ),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/connections',
    component: lazyRouteComponent(
      () => import('../pages/connections/connections-page.tsx'),
      'ConnectionsPage',
    ),
    validateSearch: textsOf('search', 'state'),
  }),
]

/** Every page of the console by its address. */
export const router = createRouter({
  routeTree: root.addChildren(routes),
  basepath: '/console',
  defaultPreload: false,
  scrollRestoration: false,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}

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
