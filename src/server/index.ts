export { askIssuers, askRefusals, refreshIssuer } from './ask-issuers.ts'
export type { ToldIssuer, ToldRefusal } from './ask-issuers.ts'
export { askService } from './ask-service.ts'
export type { ServiceQuestion } from './ask-service.ts'
export { compose } from './compose.ts'
export type { AnyEvent, ComposeOptions, Composition, ImportSource } from './compose.ts'
export { openImportWorker } from './start-import.ts'
export type { ImportWorker, RunningImport } from './start-import.ts'
export {
  consentCallback,
  isLoopbackAddress,
  linkAddress,
  requireRedirectUri,
} from './consent-address.ts'
export { consentToJson, linkToJson } from './consent-view.ts'
export { onboardingPage } from './onboarding-page.ts'
export { diagnose } from './diagnose.ts'
export type { DiagnoseOptions } from './diagnose.ts'
export { guidanceOfCheck } from './diagnosis.ts'
export type { Check } from './diagnosis.ts'
export { testConnection } from './test-connection.ts'
export { unfilledFields } from './diagnose-place.ts'
export { noteOf } from './connection-fetch.ts'
export type { AnswerNote } from './connection-fetch.ts'
export { createEvergrant, openEvergrant } from './create-evergrant.ts'
export { migrateStore } from './migrate-store.ts'
export type { StoreMigration } from './migrate-store.ts'
export { rotateKeys } from './rotate-keys.ts'
export { startJobs } from './start-jobs.ts'
export type { RotationStep } from './rotate-keys.ts'
export type { RegisteredConnection } from './connection-registry.ts'
export type {
  AzureAccessToken,
  Evergrant,
  EvergrantConnection,
  EvergrantOptions,
  GetTokenAzureOptions,
} from './create-evergrant.ts'
export { sdkConnection } from './sdk-connection.ts'
export { openSdkListener } from './sdk-listener.ts'
export { facadeToJson, findFacadeTarget } from './facade-view.ts'
export { startServing } from './start-serving.ts'
export type { Serving, ServingOptions } from './start-serving.ts'
export { openPrivateGateway } from './private-gateway.ts'
export type { PrivateCall, PrivateGateway } from './private-gateway.ts'
export { accountToJson, personToJson } from './account-view.ts'
export { openDirectoryDesks } from './directory-desks.ts'
export { consoleLinkUrl } from './console-paths.ts'
export { openCommandAudit } from './audit-commands.ts'
export type { CalledCommand } from './audit-commands.ts'
export { auditToJson } from './audit-view.ts'
export { alarmToJson } from './alarm-view.ts'
export { testAlarms } from './test-alarms.ts'
export type { AlarmTest } from './test-alarms.ts'
export { callerToJson } from './caller-view.ts'
export { chooseTarget, optionWords, withTenant } from './token-wish.ts'
export { writeTraces } from './open-traces.ts'
export type { TraceWriter } from './open-traces.ts'
export {
  connectionToJson,
  guidanceOfFailure,
  listConnections,
  listTenants,
  pauseToJson,
  showConnection,
  requireConnection,
  isLapsing,
} from './connection-view.ts'
export { describePermissions } from './connection-permissions.ts'
export type { ConnectionPermissions } from './connection-permissions.ts'
export { customerOutcomeToJson, customerToJson } from './api/customers.ts'
export { permissionsToJson } from './api/permissions.ts'
export { pauseConnection, resumeConnection } from './pause-connection.ts'
export { longestCaptureMs } from './captures.ts'
export type { ShownConnection } from './connection-view.ts'
export { listConfiguredImports, setSchedulePaused } from './configured-imports.ts'
export type { ConfiguredImport } from './configured-imports.ts'
export { describedImport } from './described-import.ts'
export { lintImports } from './lint-imports.ts'
export { remedyToJson } from './remedy-view.ts'
export { logLineToJson, runToJson } from './run-json.ts'
export {
  connectionTaken,
  findStoredConnection,
  isEntry,
  saveConnection,
} from './stored-connections.ts'
export type { ConnectionEntry, DraftedEntry } from './stored-connections.ts'
export { describeApi } from './api/openapi.ts'
export type { OpenApiDocument } from './api/openapi.ts'
export { apiOperations } from './api/operations.ts'
export { explainConfigured } from './explain-configured.ts'
export { explanationToJson } from './explanation-view.ts'
export { lintConfigured } from './lint-configured.ts'
export { refusedImports } from './refused-imports.ts'
export { compareConfigured } from './compare-configured.ts'
export type { Resolution, SubjectComparison } from './check-against.ts'
export { createBearer } from './bearer/create-bearer.ts'
export type { Bearer, BearerOptions } from './bearer/create-bearer.ts'
export type { ExpressMiddleware } from './bearer/express.ts'
export type { HonoMiddleware } from './bearer/hono.ts'
export type { BearerRefusal, BearerRequirement } from './bearer/protection.ts'
export { compareRefusals, recentRefusals } from './against-refusals.ts'
export type { RecentRefusal, RefusalComparison } from './against-refusals.ts'
