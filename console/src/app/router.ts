import { createRouter } from '@tanstack/react-router'
import { alarmRoutes } from '../pages/alarms/routes.ts'
import { auditRoutes } from '../pages/audit/routes.ts'
import { callerRoutes } from '../pages/callers/routes.ts'
import { connectionRoutes } from '../pages/connections/routes.ts'
import { consentRoutes } from '../pages/consent/routes.ts'
import { customerRoutes } from '../pages/customers/routes.ts'
import { directoryRoutes } from '../pages/directory/routes.ts'
import { facadeRoutes } from '../pages/facades/routes.ts'
import { importRoutes } from '../pages/imports/routes.ts'
import { issuerRoutes } from '../pages/issuers/routes.ts'
import { overviewRoutes } from '../pages/overview/routes.ts'
import { traceRoutes } from '../pages/traces/routes.ts'
import { root } from './root-route.tsx'

/** Every page of the console by its address. */
export const router = createRouter({
  routeTree: root.addChildren([
    ...overviewRoutes,
    ...connectionRoutes,
    ...consentRoutes,
    ...customerRoutes,
    ...importRoutes,
    ...directoryRoutes,
    ...issuerRoutes,
    ...facadeRoutes,
    ...callerRoutes,
    ...traceRoutes,
    ...alarmRoutes,
    ...auditRoutes,
  ]),
  basepath: '/console',
  // Everything in a query is text, so that an address reads and is typed as people write it.
  parseSearch: (query) => Object.fromEntries(new URLSearchParams(query)),
  stringifySearch: (texts) => {
    const query = new URLSearchParams(texts as Record<string, string>).toString()
    return query === '' ? '' : `?${query}`
  },
  defaultPreload: false,
  scrollRestoration: false,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
