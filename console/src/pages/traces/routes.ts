import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { root } from '../../app/root-route.tsx'
import { textsOf } from '../../app/texts-of.ts'

/** Traces: those that match, each, and whose bodies are kept. */
export const traceRoutes = [
  createRoute({
    getParentRoute: () => root,
    path: '/traces',
    component: lazyRouteComponent(() => import('./traces-page.tsx'), 'TracesPage'),
    validateSearch: textsOf(
      'connection',
      'caller',
      'status',
      'code',
      'request',
      'outcome',
      'kind',
      'replayed',
      'since',
    ),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/traces/captures',
    component: lazyRouteComponent(() => import('./captures-page.tsx'), 'CapturesPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/traces/$id',
    component: lazyRouteComponent(() => import('./trace-page.tsx'), 'TracePage'),
  }),
] as const
