import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { root } from '../../app/root-route.tsx'
import { textsOf } from '../../app/texts-of.ts'

/** Obtaining consent for a connection. */
export const consentRoutes = [
  createRoute({
    getParentRoute: () => root,
    path: '/connections/$address/consent',
    component: lazyRouteComponent(() => import('./consent-page.tsx'), 'ConsentPage'),
    validateSearch: textsOf('tab'),
  }),
] as const
