import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { root } from '../../app/root-route.tsx'
import { textsOf } from '../../app/texts-of.ts'

/** Connections: all of them, and each. */
export const connectionRoutes = [
  createRoute({
    getParentRoute: () => root,
    path: '/connections',
    component: lazyRouteComponent(() => import('./connections-page.tsx'), 'ConnectionsPage'),
    validateSearch: textsOf('search', 'state'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/connections/$address',
    component: lazyRouteComponent(() => import('./connection-page.tsx'), 'ConnectionPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/connections-add',
    component: lazyRouteComponent(() => import('./add-page.tsx'), 'AddPage'),
    validateSearch: textsOf('preset'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/connections/$address/edit',
    component: lazyRouteComponent(() => import('./edit-page.tsx'), 'EditPage'),
  }),
] as const
