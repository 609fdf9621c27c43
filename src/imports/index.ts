export { describeLog, logTypes } from './describe-log.ts'
export { buildRequest } from './build-request.ts'
export type { ImportDescription } from './build-request.ts'
export { defaultCsv } from './csv.ts'
export { keyFieldOf, keyVariable, printOfKey } from './column-seal.ts'
export type { ColumnKey } from './column-seal.ts'
export { defaultDeleteAtMost } from './delete-unseen.ts'
export { manifestOf } from './manifest.ts'
export type { CollectionManifest } from './manifest.ts'
export { inReadingOrder } from './order-progress.ts'
export { deltaLinkLifeMs, linkLeftBy, tellsChanges, untoldOf } from './kept-link.ts'
export { parseDestination } from './destination-name.ts'
export type { DestinationName } from './destination-name.ts'
export { describeAmount, readChangesOf } from './read-changes.ts'
export { driveRun } from './drive-run.ts'
export type { DriveDependencies, RunEnd } from './drive-run.ts'
export type { LogBody, LogEntry, LogLine, TokenChangeReason } from './execution-log.ts'
export { hostFiles } from './file-port.ts'
export type { FilePort, SegmentFile } from './file-port.ts'
export type { ImportEvent } from './journal.ts'
export { progressEventTypes } from './progress-events.ts'
export {
  abandonRun,
  cancelRun,
  handOnRun,
  prepareResume,
  prepareRun,
  withTrueState,
} from './prepare-run.ts'
export type { ImportRequest, PreparedRun, RunDesk } from './prepare-run.ts'
export type {
  CollectionEffort,
  CollectionRecord,
  CsvOptions,
  DeltaRecord,
  Heartbeat,
  ImportToken,
  PageCommit,
  PageRows,
  Progress,
  RefusalOutcome,
  RunChange,
  RunOptions,
  RunOwner,
  RunQuery,
  RunRecord,
  RunState,
  RunStore,
  RunTotals,
  ScheduleRecord,
  SweepStep,
  TokenSource,
  Verdict,
  WalkRecord,
} from './ports.ts'
export { nextDueAt, runDueSchedules } from './run-schedules.ts'
export type { ScheduleContext, ScheduledImport, SeenSchedules } from './run-schedules.ts'
export { scheduleEventTypes } from './schedule-events.ts'
export type { ScheduleEvent } from './schedule-events.ts'
export { createRunControl } from './run-control.ts'
export type { RunControl } from './run-control.ts'
export { classifyAnswer } from './classify-answer.ts'
export type { AnswerClass } from './classify-answer.ts'
export type { TargetDatabase, TargetName, TargetTables } from './target-database.ts'
export { createTargetOpener } from './target-opener.ts'
export type { TargetOpener } from './target-opener.ts'
export { takeOverRuns } from './take-over.ts'
export type { TakeOverContext } from './take-over.ts'
export { createTransport, TransportFailure } from './transport.ts'
export type { Transport, TransportAnswer, TransportLimits } from './transport.ts'
export { isDriven } from './run-owner.ts'
