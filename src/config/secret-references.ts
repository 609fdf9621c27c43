import type { Config, SecretReference } from './config.ts'

/** A place in the configuration that refers to a secret. */
export interface AskedSecret {
  /** Path of the field, for `SecretReader.read`. */
  readonly askedBy: string
  readonly reference: SecretReference
}

/** Lists every secret the configuration refers to, keys first, so that a check can try them all. */
export function secretReferences(config: Config): readonly AskedSecret[] {
  return [
    ...config.encryption.keys.map(({ source }, index) => ({
      askedBy: `encryption.keys[${index}]`,
      reference: source,
    })),
    ...Object.values(config.connections).flatMap(({ name, client }) =>
      client.credentials.map(({ secret }, index) => ({
        askedBy: `connections.${name}.client.credentials[${index}].secret`,
        reference: secret,
      })),
    ),
  ]
}
