/** How much one run of the benchmark does. */
export interface Scale {
  /** Interleaved rounds; each side runs once a round, in a fresh process. */
  readonly rounds: number
  /** Connections, credentials or clients whose tokens are asked for in turn. */
  readonly instances: number
  /** How long fresh tokens are asked for, at least (ms). */
  readonly measureMs: number
  /** Callers of ours that meet the expired token at once. */
  readonly callers: number
  /** Callers of each peer that do. */
  readonly peerCallers: number
  /** Grants in the store, and how many of them are due at once. */
  readonly grants: number
  readonly dueGrants: number
  /** Rounds of the part with these: each renews all that are due, after up to a minute's wait. */
  readonly dueRounds: number
  /** Users imported, and four times as many to see whether memory grows with them. */
  readonly users: number
  readonly manyUsers: number
  /** Rounds of the memory part: peaks are compared with a bound, not with a peer. */
  readonly memoryRounds: number
  /** Rounds of the part with a slow network, in which one cursor takes minutes. */
  readonly latencyRounds: number
  /** Length of one body that is streamed. */
  readonly streamBytes: number
}

/** What the project's bars ask for. */
export const fullScale: Scale = {
  rounds: 5,
  instances: 1_000,
  measureMs: 2_000,
  callers: 10_000,
  peerCallers: 1_000,
  grants: 1_000_000,
  dueGrants: 5_000,
  dueRounds: 2,
  users: 400_000,
  manyUsers: 1_600_000,
  memoryRounds: 2,
  latencyRounds: 2,
  streamBytes: 1_073_741_824,
}

/** Enough to see that everything works; its numbers say nothing. */
export const quickScale: Scale = {
  rounds: 2,
  instances: 50,
  measureMs: 300,
  callers: 1_000,
  peerCallers: 100,
  grants: 20_000,
  dueGrants: 500,
  dueRounds: 1,
  users: 20_000,
  manyUsers: 80_000,
  memoryRounds: 1,
  latencyRounds: 1,
  streamBytes: 67_108_864,
}
