import type {
  AlarmTargetConfig,
  Config,
  CredentialConfig,
  IssuerConfig,
  SecretReference,
} from './config.ts'

/** A place in the configuration that refers to a secret. */
export interface AskedSecret {
  /** Path of the field, for `SecretReader.read`. */
  readonly askedBy: string
  readonly reference: SecretReference
}

/** Lists every secret the configuration refers to, keys first, so that a check can try them all. */
export function secretReferences(config: Config): readonly AskedSecret[] {
  const { store, server, network, encryption, connections, imports, issuers, alarms } = config
  return [
    ...encryption.keys.map(({ source }, index) => ({
      askedBy: `encryption.keys[${index}]`,
      reference: source,
    })),
    ...passwordOf('store', store.type === 'postgres' ? store.password : undefined),
    ...(server.tls === undefined ? [] : [{ askedBy: 'server.tls.key', reference: server.tls.key }]),
    ...passwordOf(
      'network.proxy',
      typeof network.proxy === 'string' ? undefined : network.proxy.password,
    ),
    ...Object.values(connections).flatMap(({ name, client }) =>
      credentialsOf(`connections.${name}`, client),
    ),
    ...Object.values(issuers).flatMap(({ name, client }) =>
      credentialsOf(`issuers.${name}`, client),
    ),
    ...Object.values(imports).flatMap(({ name, password, policy }) => [
      ...passwordOf(`imports.${name}`, password),
      ...(policy?.hash === undefined
        ? []
        : [{ askedBy: `imports.${name}.policy.hash.key`, reference: policy.hash.key }]),
    ]),
    ...alarms.to.flatMap((target, index) => receiverOf(`alarms.to[${index}]`, target)),
  ]
}

function credentialsOf(path: string, client: IssuerConfig['client']): readonly AskedSecret[] {
  return (client?.credentials ?? []).map((credential, index) => ({
    askedBy: `${path}.client.credentials[${index}].${credential.type}`,
    reference: referenceOf(credential),
  }))
}

function receiverOf(path: string, target: AlarmTargetConfig): readonly AskedSecret[] {
  if (target.type === 'smtp') return passwordOf(`${path}.smtp`, target.password)
  const { url, secret } = target
  return [
    ...(typeof url === 'string' ? [] : [{ askedBy: `${path}.webhook`, reference: url }]),
    ...(secret === undefined ? [] : [{ askedBy: `${path}.secret`, reference: secret }]),
  ]
}

function passwordOf(path: string, reference: SecretReference | undefined): AskedSecret[] {
  return reference === undefined ? [] : [{ askedBy: `${path}.password`, reference }]
}

/** Where a client credential stands, whatever its kind. */
export function referenceOf(credential: CredentialConfig): SecretReference {
  switch (credential.type) {
    case 'secret':
      return credential.secret
    case 'certificate':
      return credential.certificate
    case 'federated':
      return credential.assertion
  }
}
