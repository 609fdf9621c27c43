import '@mantine/core/styles.css'
import '@mantine/notifications/styles.css'
import '@mantine/charts/styles.css'
import './app/console.css'
import './parts/blocks.css'
import './parts/parts.css'
import { MantineProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { setNonce } from 'get-nonce'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { queryClient } from './app/calls.ts'
import { watchPresence } from './app/presence.ts'
import { router } from './app/router.ts'
import { theme } from './app/theme.ts'
import { chosenTexts, TextsProvider } from './texts/index.ts'

// The policy of the page lets only styles with this nonce in.
const nonce = document.querySelector('meta[name="evergrant-nonce"]')?.getAttribute('content') ?? ''
setNonce(nonce)

watchPresence(window)

const root = document.querySelector('#root')
if (root === null) throw new Error('the page has no #root')

createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => nonce}>
      <TextsProvider value={chosenTexts(navigator.languages)}>
        <QueryClientProvider client={queryClient}>
          <Notifications position="bottom-right" notificationMaxHeight="70vh" />
          <RouterProvider router={router} />
        </QueryClientProvider>
      </TextsProvider>
    </MantineProvider>
  </StrictMode>,
)
