import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { root } from '../../app/root-route.tsx'

/** The customers that a partner’s connection serves. */
export const customerRoutes = [
  createRoute({
    getParentRoute: () => root,
    path: '/connections/$address/customers',
    component: lazyRouteComponent(() => import('./customers-page.tsx'), 'CustomersPage'),
  }),
] as const
