import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { root } from '../../app/root-route.tsx'
import { textsOf } from '../../app/texts-of.ts'

/** Façade clients: all of them, and each. */
export const facadeRoutes = [
  createRoute({
    getParentRoute: () => root,
    path: '/facades',
    component: lazyRouteComponent(() => import('./facades-page.tsx'), 'FacadesPage'),
    validateSearch: textsOf('search', 'state'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/facades/$client',
    component: lazyRouteComponent(() => import('./facade-page.tsx'), 'FacadePage'),
  }),
] as const
