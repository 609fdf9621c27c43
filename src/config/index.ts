export { configHints } from './config-hints.ts'
export type {
  AccessRuleConfig,
  AlarmConfig,
  AlarmTargetConfig,
  ApiUpstreamConfig,
  ClaimSourceConfig,
  Config,
  ConnectionConfig,
  CredentialConfig,
  EntraProviderConfig,
  ImportConfig,
  IssuerConfig,
  MatchRuleConfig,
  OAuth2ProviderConfig,
  OidcProviderConfig,
  ProviderConfig,
  RejectionRuleConfig,
  RotationConfig,
  SecretReference,
  ServerConfig,
  StoreConfig,
  TargetConfig,
  TokenUpstreamConfig,
  UpstreamConfig,
} from './config.ts'
export { configTemplate, placeholderId } from './config-template.ts'
export type { TemplateOptions } from './config-template.ts'
export { connectionEntry } from './connection-entry.ts'
export { connectionToFile } from './connection-file.ts'
export type { ExportedConnection } from './connection-file.ts'
export { connectionPresets, isConnectionPreset } from './connection-presets.ts'
export type { ConnectionPreset, ConnectionPresetName, PresetOptions } from './connection-presets.ts'
export { configJsonSchema } from './json-schema.ts'
export type { JsonSchema } from './json-schema.ts'
export { loadConfig } from './load-config.ts'
export type { ReadFile } from './load-config.ts'
export { maskConfig } from './mask-config.ts'
export { parseConnection } from './parse-connection.ts'
export { parseIssuers } from './parse-issuers.ts'
export type { WrittenIssuers } from './parse-issuers.ts'
export { ConfigError } from './problem.ts'
export type { ConfigErrorCode, ConfigProblem } from './problem.ts'
export { isRejectionPreset, rejectionPresetNames } from './rejection-preset-names.ts'
export { createSecretReader } from './secret-reader.ts'
export type { SecretHint, SecretReader, SecretReaderPorts } from './secret-reader.ts'
export { referenceOf, secretReferences } from './secret-references.ts'
export type { AskedSecret } from './secret-references.ts'
export { isLoopback } from './urls.ts'
