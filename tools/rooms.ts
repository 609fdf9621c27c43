/** What one room owns and which rooms it may import. */
export interface Room {
  /** What the room owns, as shown in ARCHITECTURE.md. */
  readonly owns: string
  /** Rooms whose door it may import. */
  readonly imports: readonly string[]
  /**
   * Rooms whose `index.ts` or `ports.ts` it may import with `import type` alone: it implements
   * their ports without depending on their code.
   */
  readonly implementsPortsOf?: readonly string[]
  /** Runs in browsers too: may import no built-in module. */
  readonly isRuntimeNeutral?: true
  /** `planned` rooms have no code yet; the architecture check fails when they get some unnoticed. */
  readonly state: 'built' | 'planned'
}

const engine = ['kernel', 'config', 'vault', 'oauth', 'grants', 'directory', 'imports'] as const
const domain = [
  ...engine,
  'access',
  'identity',
  'gateway',
  'consent',
  'activity',
  'alarms',
  'jobs',
] as const
const everyRoom = [...domain, 'store', 'simulator', 'client', 'server'] as const

/**
 * The room rule. Everything that enforces or shows it is made from this table: the dependency rules
 * (`room-rules.ts`), the table in ARCHITECTURE.md and the planted violations that prove both.
 */
export const rooms: Readonly<Record<string, Room>> = {
  kernel: {
    owns: 'errors, `Result`, `Secret`, tokens as values, clocks, ids, durations, events',
    imports: [],
    isRuntimeNeutral: true,
    state: 'built',
  },
  config: {
    owns: 'the schema of `evergrant.yaml`, loading, lint, secret references, messages',
    imports: ['kernel'],
    state: 'built',
  },
  vault: {
    owns: 'envelope encryption, the key ring; the only room that sees encryption keys',
    imports: ['kernel'],
    state: 'built',
  },
  oauth: {
    owns: 'the wire: request/process pairs, client authentication, provider profiles, remedies',
    imports: ['kernel'],
    state: 'built',
  },
  grants: {
    owns: 'the engine: acquire, cache, flights, refresh, rejection reports',
    imports: ['kernel', 'oauth'],
    state: 'built',
  },
  directory: {
    owns: 'the data: collections, accounts, people, look-ups, what is disabled here',
    imports: ['kernel'],
    state: 'built',
  },
  imports: {
    owns: 'the job: runs, Graph paging, cursors, destinations, the execution log',
    imports: ['kernel', 'grants', 'directory'],
    state: 'built',
  },
  access: {
    owns: 'who may call us: caller keys, bearer tokens, sessions, roles, permits, limits',
    imports: ['kernel'],
    state: 'built',
  },
  identity: {
    owns: 'bearer validation, claim sources, account matching, explain',
    imports: ['kernel', 'oauth', 'grants', 'directory'],
    state: 'built',
  },
  gateway: {
    owns: 'forwarding, rejection rules, replay, traces, the façade, SDK token endpoints',
    imports: ['kernel', 'grants', 'access'],
    state: 'built',
  },
  consent: {
    owns: 'consent sessions, the verification ladder',
    imports: ['kernel', 'oauth', 'grants'],
    state: 'built',
  },
  activity: { owns: 'how often things happen, by hour', imports: ['kernel'], state: 'built' },
  alarms: { owns: 'alarm rules and deliveries', imports: ['kernel'], state: 'built' },
  jobs: {
    owns: 'wakes what is due in other rooms, now, later or by cron',
    imports: ['kernel'],
    state: 'built',
  },
  store: {
    owns: 'repositories, numbered migrations, generations; implements the ports',
    imports: ['kernel', 'vault'],
    implementsPortsOf: [
      'grants',
      'directory',
      'imports',
      'access',
      'identity',
      'gateway',
      'consent',
      'activity',
      'alarms',
      'jobs',
    ],
    state: 'built',
  },
  simulator: {
    owns: 'Entra and Graph over real HTTP(S), scripted faults, a movable clock',
    imports: ['kernel'],
    state: 'built',
  },
  client: {
    owns: 'typed API client and `TokenCredential`; browser-safe',
    imports: ['kernel'],
    isRuntimeNeutral: true,
    state: 'built',
  },
  server: {
    owns: '`compose.ts`, the one place where rooms, clocks, randomness and fetch are plugged together',
    imports: everyRoom.filter((room) => room !== 'server'),
    state: 'built',
  },
  cli: { owns: 'one file per command', imports: everyRoom, state: 'built' },
}

/** Files directly below `src/`: the package's own doors, which may open every room. */
export const packageDoors: readonly string[] = ['index.ts', 'bearer.ts']

/**
 * Which rooms may import which package at runtime. A package that is not named here may not be
 * imported at all, so that a new dependency is a decision and not an accident.
 */
export const packageOwners: Readonly<Record<string, readonly string[]>> = {
  'better-sqlite3': ['store', 'imports'],
  commander: ['cli'],
  croner: ['jobs', 'config'],
  fastify: ['server', 'gateway'],
  nodemailer: ['alarms'],
  oauth4webapi: ['oauth'],
  pg: ['store', 'imports'],
  'pg-boss': ['jobs'],
  pino: ['server', 'cli'],
  'prom-client': ['server'],
  '@opentelemetry/api': ['server'],
  '@opentelemetry/exporter-trace-otlp-http': ['server'],
  '@opentelemetry/resources': ['server'],
  '@opentelemetry/sdk-trace': ['server'],
  undici: ['oauth', 'imports', 'gateway', 'server', 'cli'],
  yaml: ['config', 'cli'],
  zod: ['config', 'server', 'client'],
}

/** Built-in modules that only some rooms may use; all others are free. */
export const builtinOwners: Readonly<Record<string, readonly string[]>> = {
  child_process: ['config', 'cli'],
  crypto: [
    'vault',
    'oauth',
    'grants',
    'imports',
    'identity',
    'access',
    'gateway',
    'consent',
    'alarms',
    'simulator',
    'server',
    'cli',
  ],
  sqlite: [],
  worker_threads: ['server'],
}

/** The table as ARCHITECTURE.md shows it: rooms that exist, in order. */
export function renderRooms(): string {
  const lines = Object.entries(rooms)
    .filter(([, room]) => room.state === 'built')
    .map(([name, room]) => `| \`${name}\` | ${room.owns} | ${renderImports(room)} |`)
  return ['| room | owns | imports |', '| --- | --- | --- |', ...lines].join('\n')
}

function renderImports(room: Room): string {
  const isBuilt = (name: string): boolean => rooms[name]?.state === 'built'
  const imported = room.imports.filter(isBuilt)
  const others = Object.keys(rooms).filter((name) => isBuilt(name) && rooms[name] !== room)
  if (imported.length === 0) return 'nothing'
  if (others.every((name) => imported.includes(name) || name === 'cli')) return 'every room above'
  const ports = (room.implementsPortsOf ?? []).filter(isBuilt)
  const types = ports.length === 0 ? '' : `; \`import type\` of the ports of ${ports.join(', ')}`
  return imported.join(', ') + types
}
