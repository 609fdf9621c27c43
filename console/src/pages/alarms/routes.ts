import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { root } from '../../app/root-route.tsx'
import { textsOf } from '../../app/texts-of.ts'

/** Alarms, open and past. */
export const alarmRoutes = [
  createRoute({
    getParentRoute: () => root,
    path: '/alarms',
    component: lazyRouteComponent(() => import('./alarms-page.tsx'), 'AlarmsPage'),
    validateSearch: textsOf('search', 'state', 'severity', 'kind'),
  }),
] as const
