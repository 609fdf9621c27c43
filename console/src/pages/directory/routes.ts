import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { root } from '../../app/root-route.tsx'
import { textsOf } from '../../app/texts-of.ts'

/** The directory: accounts and people, all of them and each. */
export const directoryRoutes = [
  createRoute({
    getParentRoute: () => root,
    path: '/directory',
    component: lazyRouteComponent(() => import('./accounts-page.tsx'), 'AccountsPage'),
    validateSearch: textsOf('search', 'kind', 'tenant', 'state'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/directory/people',
    component: lazyRouteComponent(() => import('./people-page.tsx'), 'PeoplePage'),
    validateSearch: textsOf('search'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/directory/people/$person',
    component: lazyRouteComponent(() => import('./person-page.tsx'), 'PersonPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/directory/$tenant/$kind/$id',
    component: lazyRouteComponent(() => import('./account-page.tsx'), 'AccountPage'),
  }),
] as const
