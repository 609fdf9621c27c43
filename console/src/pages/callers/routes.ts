import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { root } from '../../app/root-route.tsx'
import { textsOf } from '../../app/texts-of.ts'

/** Callers with keys, and sessions of those without. */
export const callerRoutes = [
  createRoute({
    getParentRoute: () => root,
    path: '/callers',
    component: lazyRouteComponent(() => import('./callers-page.tsx'), 'CallersPage'),
    validateSearch: textsOf('search', 'state'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/callers/sessions',
    component: lazyRouteComponent(() => import('./sessions-page.tsx'), 'SessionsPage'),
    validateSearch: textsOf('search', 'issuer'),
  }),
] as const
