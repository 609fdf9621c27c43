export { actorOf, createAuditDesk } from './audit-desk.ts'
export type { AuditActor, AuditDesk, AuditNote } from './audit-desk.ts'
export type { AuditActorKind, AuditEntry, AuditQuery, AuditStore } from './audit-ports.ts'
export type { Admission, Release } from './admission.ts'
export { createCallerDirectory } from './caller-directory.ts'
export type {
  Authenticated,
  Authenticator,
  CallerDirectory,
  CallerDirectoryOptions,
} from './caller-directory.ts'
export type { Caller, CallerAccount, CallerLimits, Role } from './caller.ts'
export { challengeOf } from './challenge.ts'
export { createCallerDesk } from './caller-desk.ts'
export type { CallerDesk, CallerRequest, IssuedCaller } from './caller-desk.ts'
export { createConsoleDesk, makeConsoleLink } from './console-desk.ts'
export type { ConsoleDesk, LinkRequest, SignedIn } from './console-desk.ts'
export { csrfOf, derived, hashConsoleSecret, isSame, newConsoleSecret } from './console-secret.ts'
export { readCookie } from './read-cookie.ts'
export type {
  ConsoleLinkRecord,
  ConsoleSessionRecord,
  ConsoleSignInRecord,
  ConsoleStore,
} from './console-ports.ts'
export { mayPerform, operations, requireRole, roles } from './operations.ts'
export type { Operation } from './operations.ts'
export { requirePermit, requireTokens } from './permits.ts'
export type { CallerRecord, CallerStore } from './ports.ts'
export { readCredential } from './read-credential.ts'
export type { CallerHeaders } from './read-credential.ts'
export { auditEventTypes, sessionEventTypes } from './events.ts'
export type { AuditEvent, SessionEvent } from './events.ts'
export { createSessionDesk } from './session-desk.ts'
export type { IssuedSession, Judged, SessionDesk } from './session-desk.ts'
export type { SessionRecord, SessionStore } from './session-ports.ts'
