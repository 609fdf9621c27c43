export { createActivityCounter } from './counter.ts'
export type { ActivityCounter } from './counter.ts'
export { activityKinds } from './ports.ts'
export type { ActivityCount, ActivityKind, ActivityStore } from './ports.ts'
