export { CallTrace } from './call-trace.ts'
export { gatewayEventTypes } from './events.ts'
export type { GatewayEvent } from './events.ts'
export { createFacade } from './facade.ts'
export type { Facade, FacadeAnswer, FacadeOptions, FacadeRequest } from './facade.ts'
export type { Authorization } from './facade-authorize.ts'
export type { BeginFacadeTrace, FacadeTrace } from './facade-context.ts'
export { createFacadeDesk } from './facade-desk.ts'
export type { FacadeClientDraft, FacadeDesk, IssuedFacadeClient } from './facade-desk.ts'
export { facadeEventTypes } from './facade-events.ts'
export { recordFacadeTraces } from './facade-trace.ts'
export type { FacadeEvent } from './facade-events.ts'
export type {
  CodeRedemption,
  FacadeClient,
  FacadeCode,
  FacadeFamily,
  FacadeStore,
  FacadeToken,
  FacadeTokenKind,
  FoundFacadeToken,
} from './facade-store.ts'
export type { BodyCapture, TraceQuery, TraceStore } from './ports.ts'
export type { RejectionPreset } from './preset.ts'
export { rejectionPresets } from './rejection-presets.ts'
export { ruleYaml } from './rule-yaml.ts'
export type { RejectionEntry, RejectionRule, UpstreamSettings } from './settings.ts'
export type { TraceKind, TraceOutcome, TraceRecord, TraceStep } from './trace.ts'
export { sdkRefusal } from './sdk-token-answer.ts'
export type { SdkAnswer } from './sdk-token-answer.ts'
export { answerSdkTokenRequest } from './sdk-token-endpoint.ts'
export type { SdkConnection } from './sdk-token-endpoint.ts'
export type { SdkForm } from './sdk-token-request.ts'
export { createTraceRecorder } from './trace-recorder.ts'
export type { TraceRecorder, TraceRecorderOptions } from './trace-recorder.ts'
export { beginTokenTrace } from './token-trace.ts'
export type { TokenQuestion, TokenTrace } from './token-trace.ts'
export { proxyPrefix } from './parse-target.ts'
export { createGateway } from './gateway.ts'
export type { Gateway, GatewayOptions } from './gateway.ts'
export type {
  CallerGate,
  CaptureSwitch,
  ConnectionRoutes,
  RoutedConnection,
  UpstreamPool,
} from './gateway-ports.ts'
