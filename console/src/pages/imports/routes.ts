import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { root } from '../../app/root-route.tsx'
import { textsOf } from '../../app/texts-of.ts'

/** Imports: what is configured, every run, and each. */
export const importRoutes = [
  createRoute({
    getParentRoute: () => root,
    path: '/imports',
    component: lazyRouteComponent(() => import('./imports-page.tsx'), 'ImportsPage'),
    validateSearch: textsOf('name', 'state', 'verdict'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/imports/$id',
    component: lazyRouteComponent(() => import('./run-page.tsx'), 'RunPage'),
    validateSearch: textsOf('line', 'level', 'kind'),
  }),
] as const
