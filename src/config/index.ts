export type {
  Config,
  ConnectionConfig,
  EntraProviderConfig,
  OidcProviderConfig,
  ProviderConfig,
  SecretCredentialConfig,
  SecretReference,
} from './config.ts'
export { configTemplate, placeholderId } from './config-template.ts'
export type { TemplateOptions } from './config-template.ts'
export { configJsonSchema } from './json-schema.ts'
export type { JsonSchema } from './json-schema.ts'
export { loadConfig } from './load-config.ts'
export type { ReadFile } from './load-config.ts'
export { maskConfig } from './mask-config.ts'
export { ConfigError } from './problem.ts'
export type { ConfigErrorCode, ConfigProblem } from './problem.ts'
export { createSecretReader } from './secret-reader.ts'
export type { SecretHint, SecretReader } from './secret-reader.ts'
export { secretReferences } from './secret-references.ts'
export type { AskedSecret } from './secret-references.ts'
