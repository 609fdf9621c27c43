import { createRouter } from '@tanstack/react-router'
import { connectionRoutes } from '../pages/connections/routes.ts'
import { consentRoutes } from '../pages/consent/routes.ts'
import { overviewRoutes } from '../pages/overview/routes.ts'
import { root } from './root-route.tsx'

/** Every page of the console by its address. */
export const router = createRouter({
  routeTree: root.addChildren([...overviewRoutes, ...connectionRoutes, ...consentRoutes]),
  basepath: '/console',
  defaultPreload: false,
  scrollRestoration: false,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
