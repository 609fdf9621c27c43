import type { SdkConnection } from '../gateway/index.ts'
import type { ConnectionHandle, GrantEngine } from '../grants/index.ts'

/** Every target of an address as handles, its own first. @throws as `engine.connection` */
export function handlesOf(engine: GrantEngine, address: string): readonly ConnectionHandle[] {
  const own = engine.connection(address)
  const others = own.definition.targets ?? new Map()
  return [own, ...[...others.keys()].map((name) => engine.connection(address, { target: name }))]
}

/** One question about an address, for `answerSdkTokenRequest`. */
export function sdkConnection(
  engine: GrantEngine,
  address: string,
  rest: Omit<SdkConnection, 'handles'>,
): SdkConnection {
  return { ...rest, handles: handlesOf(engine, address) }
}
