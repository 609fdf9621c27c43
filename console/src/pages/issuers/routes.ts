import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { root } from '../../app/root-route.tsx'
import { textsOf } from '../../app/texts-of.ts'

/** Issuers: their keys, what was refused, and the explanation of a token. */
export const issuerRoutes = [
  createRoute({
    getParentRoute: () => root,
    path: '/issuers',
    component: lazyRouteComponent(() => import('./issuers-page.tsx'), 'IssuersPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/issuers/refusals',
    component: lazyRouteComponent(() => import('./refusals-page.tsx'), 'RefusalsPage'),
    validateSearch: textsOf('issuer', 'stage', 'request'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/issuers/explain',
    component: lazyRouteComponent(() => import('./explain-page.tsx'), 'ExplainPage'),
  }),
] as const
