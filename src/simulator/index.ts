export { selfSignCertificate } from './certificate.ts'
export type { Certificate, CertificateSubject } from './certificate.ts'
export type { SimulatorControl } from './control.ts'
export type { PeopleControl } from './control-people.ts'
export type { AccountChange, Addressee, GrantControl, RefreshTokenWish } from './control-grants.ts'
export type { RequestKind } from './answer.ts'
export type { Fault, FaultEffect, FaultHandle, FaultMatch, FaultState } from './faults.ts'
export type { DirectoryRole } from './directory-roles.ts'
export type { MemberType } from './group.ts'
export { groupPropertyNames } from './group-properties.ts'
export type { SimulatedEdge } from './memberships.ts'
export { defaultIssuer, defaultTenant } from './options.ts'
export type {
  Range,
  Rotation,
  SimulatedAccount,
  SimulatedApplication,
  SimulatedCertificate,
} from './options.ts'
export type { SimulatedFederation, SimulatedGrantRules, SimulatedIssuer } from './options.ts'
export type { SimulatedGroups, SimulatedPolicy, SimulatedSecret } from './options.ts'
export type { SimulatedTenant, SimulatorOptions } from './options.ts'
export type { SimulatedManager, SimulatedOwner, SimulatedRoleMember } from './relations.ts'
export type { RejectionStyle, ResourceName } from './rejection-styles.ts'
export { fingerprintOf } from './sessions.ts'
export { startSimulator } from './simulator.ts'
export type { Simulator } from './simulator.ts'
export type { SimulatorStats } from './stats.ts'
export type { ThrottleOptions } from './throttle.ts'
export type { TokenRequestRecord } from './token-request.ts'
export type { Revocation } from './token-ledger.ts'
export type { UserWish } from './user-changes.ts'
export { userPropertyNames } from './user-properties.ts'
export type { OutageStyle, SimulatorEvent } from './world.ts'
