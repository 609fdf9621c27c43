import { PgBoss } from 'pg-boss'
import { EvergrantError, redact, type ErrorCode, type Secret } from '../kernel/index.ts'

/** Where pg-boss works, and how. */
export interface BossPlace {
  /** `postgres://user@host:port/database`, without a password. */
  readonly url: string
  readonly password: Secret | undefined
  readonly schema: string
  /** How often it looks after its queues, in seconds; at least 1. */
  readonly lookSeconds: number
}

/** In seconds. A node whose heartbeat is older than this is taken for dead; pg-boss wants 10. */
const heartbeatSeconds = 20
/** After this a wake-up at work is taken from its node, living or not. */
const expireSeconds = 900

/**
 * Starts pg-boss in a schema of its own, which is made where it is not there; a user who may not
 * make one can be given one. `onTrouble` is told whatever goes wrong afterwards.
 *
 * @throws EvergrantError `jobs_schema_forbidden`, `store_unavailable`, `jobs_queue_unusable`
 */
export async function startBoss(
  place: BossPlace,
  onTrouble: (error: unknown) => void,
): Promise<PgBoss> {
  try {
    return await tryStart(place, true, onTrouble)
  } catch (error) {
    // PostgreSQL asks for the right to create even where the schema is there already.
    if (codeOf(error) !== '42501') throw bossFailure(error, place)
  }
  try {
    return await tryStart(place, false, onTrouble)
  } catch (error) {
    throw bossFailure(error, place)
  }
}

async function tryStart(
  { url, password, schema, lookSeconds }: BossPlace,
  createSchema: boolean,
  onTrouble: (error: unknown) => void,
): Promise<PgBoss> {
  const boss = new PgBoss({
    connectionString: withPassword(url, password),
    schema,
    createSchema,
    application_name: 'evergrant-jobs',
    max: 3,
    // Our own tickers send the wake-ups.
    schedule: false,
    superviseIntervalSeconds: lookSeconds,
    monitorIntervalSeconds: lookSeconds,
  })
  let isStarted = false
  // While it starts, what goes wrong is thrown as well.
  boss.on('error', (error) => isStarted && onTrouble(error))
  try {
    await boss.start()
  } catch (error) {
    await boss.stop({ graceful: false }).catch(() => {})
    throw error
  }
  isStarted = true
  return boss
}

/**
 * Makes the queue of one job: at most one wake-up waits and one is at work.
 *
 * @param slotSeconds For how long a wake-up that is done must be remembered, so that none follows
 *   it in the same slot.
 */
export async function makeQueue(boss: PgBoss, name: string, slotSeconds: number): Promise<void> {
  const options = {
    expireInSeconds: expireSeconds,
    heartbeatSeconds,
    retryLimit: 5,
    retryDelay: 5,
    retryBackoff: true,
    retryDelayMax: 300,
    deleteAfterSeconds: Math.max(3_600, 2 * slotSeconds),
  }
  await boss.createQueue(name, { policy: 'stately', ...options })
  await boss.updateQueue(name, options)
}

/** Says why the queue cannot be used, without a secret. */
export function bossFailure(error: unknown, { url, password, schema }: BossPlace): EvergrantError {
  const secrets = password === undefined ? [] : [password]
  const text = redact(textOf(error), secrets)
  const { username, host, pathname } = new URL(url)
  const where = `schema "${schema}" of ${host}${pathname}`
  const say = (code: ErrorCode, detail: string): EvergrantError =>
    new EvergrantError(code, detail, { cause: new Error(text) })
  const code = codeOf(error)
  if (code === '42501' || code === '3F000') {
    const user = decodeURIComponent(username)
    return say('jobs_schema_forbidden', `user "${user}" may not make or use ${where}: ${text}`)
  }
  if (isAway(code)) return say('store_unavailable', `the job queue in ${where}: ${text}`)
  return say('jobs_queue_unusable', `${where}: ${text}`)
}

/** Network codes of Node, and PostgreSQL’s classes of refused, lost and exhausted connections. */
function isAway(code: string): boolean {
  return /^(E[A-Z_]+|08...|28...|53...|57P..|3D000)$/.test(code)
}

function withPassword(url: string, password: Secret | undefined): string {
  if (password === undefined) return url
  const whole = new URL(url)
  whole.password = encodeURIComponent(password.reveal())
  return whole.href
}

function codeOf(error: unknown): string {
  const { code, errors } = (error ?? {}) as { code?: unknown; errors?: unknown }
  if (typeof code === 'string') return code
  return Array.isArray(errors) ? codeOf(errors[0]) : ''
}

/** The words of an error; an aggregated one has none of its own. */
export function textOf(error: unknown): string {
  const { message, errors } = (error ?? {}) as { message?: unknown; errors?: unknown }
  if (typeof message === 'string' && message !== '') return message
  return Array.isArray(errors) && errors.length > 0 ? textOf(errors[0]) : 'no reason was given'
}
