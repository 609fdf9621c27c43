import {
  ActionIcon,
  AppShell,
  Box,
  Burger,
  Group,
  Loader,
  Menu,
  ScrollArea,
  Text,
  Title,
  Tooltip,
  useMantineColorScheme,
} from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import {
  IconBrightness,
  IconCircleFilled,
  IconKeyboard,
  IconLogout,
  IconMoon,
  IconSun,
  IconUserCircle,
} from '@tabler/icons-react'
import { Outlet, useRouterState } from '@tanstack/react-router'
import { useEffect, type ReactElement } from 'react'
import { PageLink, PlaceLink } from '../parts/link.tsx'
import { ProblemAlert } from '../parts/problem.tsx'
import { useTexts } from '../texts/index.ts'
import { isSignedOut } from './calls.ts'
import { KeysDialog } from './keys-dialog.tsx'
import { useLive } from './live.ts'
import { navigation } from './navigation.ts'
import { SessionEnd } from './session-end.tsx'
import { goToSignIn, signOut, takeReturn, useSession } from './session.ts'

/** What stands around every page: who is signed in, where one can go, whether it is live. */
export function Shell(): ReactElement {
  const { shell, common, keys } = useTexts()
  const session = useSession()
  const isSignedIn = session.data !== undefined
  const isLive = useLive(isSignedIn)
  const [isOpen, { toggle, close }] = useDisclosure()
  const [areKeysShown, keysDialog] = useDisclosure()
  const path = useRouterState({ select: ({ location }) => location.pathname })

  useEffect(() => {
    if (!isSignedIn) return
    const there = takeReturn()
    if (there !== undefined) location.replace(there)
  }, [isSignedIn])

  if (session.error !== null && isSignedOut(session.error)) goToSignIn()
  if (session.data === undefined) {
    return (
      <Box p="xl" component="main">
        <Title order={1} mb="md">
          {shell.product}
        </Title>
        {session.error === null || isSignedOut(session.error) ? (
          <Group role="status">
            <Loader size="sm" aria-hidden />
            <Text>{common.loading}</Text>
          </Group>
        ) : (
          <ProblemAlert error={session.error} again={() => void session.refetch()} />
        )}
      </Box>
    )
  }
  const { name, role } = session.data
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 220, breakpoint: 'sm', collapsed: { mobile: !isOpen } }}
      padding={{ base: 'md', sm: 'xl' }}
    >
      <a className="skip-link" href="#content">
        {shell.skip}
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger
              opened={isOpen}
              onClick={toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label={isOpen ? shell.closeNavigation : shell.openNavigation}
            />
            <PageLink to="/" underline="never" c="inherit" fw={700} size="lg">
              <Group gap={8} wrap="nowrap">
                <img src="/console/icon.svg" width={24} height={24} alt="" />
                {shell.product}
              </Group>
            </PageLink>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <Tooltip label={isLive ? shell.live : shell.notLive}>
              <Group gap={6} wrap="nowrap" role="status">
                <IconCircleFilled size={10} aria-hidden className={isLive ? 'is-live' : 'is-not'} />
                <Text size="sm" visibleFrom="sm">
                  {isLive ? shell.live : shell.notLive}
                </Text>
              </Group>
            </Tooltip>
            <ThemeMenu />
            <Menu position="bottom-end" withinPortal>
              <Menu.Target>
                <ActionIcon variant="subtle" size="lg" aria-label={shell.signedInAs(name, role)}>
                  <IconUserCircle size={22} aria-hidden />
                </ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Label>{shell.signedInAs(name, role)}</Menu.Label>
                <Menu.Item
                  leftSection={<IconKeyboard size={16} aria-hidden />}
                  onClick={keysDialog.open}
                >
                  {keys.title}
                </Menu.Item>
                <Menu.Item
                  leftSection={<IconLogout size={16} aria-hidden />}
                  onClick={() => void signOut()}
                >
                  {shell.signOut}
                </Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar aria-label={shell.navigation}>
        <ScrollArea p="sm">
          {navigation.map(({ group, places }) => (
            <Box key={group ?? ''} mb="sm">
              {group !== undefined && (
                <Text size="xs" fw={700} c="dimmed" px="sm" mb={4}>
                  {shell.groups[group]}
                </Text>
              )}
              {places.map(({ to, page, icon: Sign }) => {
                const isHere = to === '/' ? path === '/' : path.startsWith(to)
                return (
                  <PlaceLink
                    key={to}
                    className="nav-link"
                    to={to}
                    label={shell.pages[page]}
                    leftSection={<Sign size={18} aria-hidden />}
                    active={isHere}
                    aria-current={isHere ? 'page' : undefined}
                    onClick={close}
                  />
                )
              })}
            </Box>
          ))}
        </ScrollArea>
      </AppShell.Navbar>
      <KeysDialog isOpen={areKeysShown} onOpen={keysDialog.open} onClose={keysDialog.close} />
      <AppShell.Main id="content" tabIndex={-1}>
        <Box maw={1280} mx="auto">
          <SessionEnd />
          <Outlet />
        </Box>
      </AppShell.Main>
    </AppShell>
  )
}

function ThemeMenu(): ReactElement {
  const { shell } = useTexts()
  const { setColorScheme } = useMantineColorScheme()
  const schemes = [
    ['light', shell.light, IconSun],
    ['dark', shell.dark, IconMoon],
    ['auto', shell.system, IconBrightness],
  ] as const
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" size="lg" aria-label={shell.theme}>
          <IconBrightness size={20} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {schemes.map(([scheme, label, Sign]) => (
          <Menu.Item
            key={scheme}
            leftSection={<Sign size={16} aria-hidden />}
            onClick={() => setColorScheme(scheme)}
          >
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
