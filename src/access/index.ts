export type { Caller, CallerLimits, Role } from './caller.ts'
export type { CallerRecord, CallerStore } from './ports.ts'
