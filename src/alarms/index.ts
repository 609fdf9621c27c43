export { deliverAlarms } from './deliver.ts'
export { evaluateAlarms } from './evaluate.ts'
export type { AlarmContext, Assessment } from './evaluate.ts'
export { alarmEventTypes } from './events.ts'
export type { AlarmEvent } from './events.ts'
export { guidanceOfAlarm } from './guidance.ts'
export { linkConditions } from './link-rules.ts'
export type { LinkFacts } from './link-rules.ts'
export { createMailbox } from './mail.ts'
export { messageOf } from './message.ts'
export type { AlarmMessage } from './message.ts'
export type { AlarmRecord, AlarmStore, ListedAlarm } from './ports.ts'
export { createWebhook } from './receiver.ts'
export type { PostWebhook, Receiver, SendOutcome } from './receiver.ts'
export {
  credentialConditions,
  forgottenAfterMs,
  grantConditions,
  heartbeatGraceMs,
  importConditions,
  issuerConditions,
} from './rules.ts'
export type { CredentialFacts, ImportFacts } from './rules.ts'
