import type { ConnectionDefinition, Proof } from '../grants/index.ts'
import { EvergrantError, findRemedy, type AccessToken, type Result } from '../kernel/index.ts'
import type { TokenTarget, Transport } from '../oauth/index.ts'
import { callApi, type ApiAnswer, type ApiCall } from './call-api.ts'
import { rungsOf, type Rung, type RungContext } from './microsoft-rungs.ts'
import { claimsOf } from './token-claims.ts'

/** What is known of a climb, and who follows it. */
export interface ClimbOptions {
  /** The object id of the account. */
  readonly subject: string | undefined
  readonly isTrial: boolean
  /** Told of each call before it is made. */
  readonly begins?: (proof: string) => void
  /** Told of each good answer. */
  readonly sees?: (answer: ApiAnswer) => void
}

/** How long a call that failed for a moment waits for its second try (ms). */
const secondTryAfterMs = 1_000
/** The longest wait that an API may ask for (ms). */
const longestWaitMs = 5_000

/**
 * Calls the API that a token of Microsoft’s is for, as far as we know calls that prove it:
 * Microsoft Graph, Partner Center, Azure Resource Manager. On trial, Partner Center must say yes to
 * a partner’s connection, or the proof has failed; a call that fails for a moment is made once
 * more.
 */
export async function climb(
  definition: ConnectionDefinition,
  target: TokenTarget,
  token: AccessToken,
  { subject, isTrial, begins, sees }: ClimbOptions,
  context: RungContext,
): Promise<readonly Proof[]> {
  const proofs: Proof[] = []
  const wids = claimsOf(token.secret)?.['wids']
  for (const rung of rungsOf(definition, target, { subject, wids }, context)) {
    begins?.(rung.proof)
    const isRequired = rung.isRequired && isTrial
    proofs.push(await tryRung({ ...rung, isRequired }, token, { isTrial, sees }, context))
  }
  return proofs
}

/** What `climb` will show of a target, in order. */
export function plannedCalls(
  definition: ConnectionDefinition,
  target: TokenTarget,
  context: RungContext,
): readonly string[] {
  return rungsOf(definition, target, {}, context).map(({ proof }) => proof)
}

/** Makes one test call and reads its answer. */
export async function tryRung(
  { proof, url, headers, isRequired, on403, read }: Rung,
  token: AccessToken,
  {
    isTrial,
    sees,
  }: Pick<ClimbOptions, 'isTrial'> & {
    readonly sees?: ClimbOptions['sees'] | undefined
  },
  transport: Transport,
): Promise<Proof> {
  const unproven = isRequired ? 'failed' : 'unverified'
  if (url === undefined) return { proof, outcome: unproven, error: withoutAddress(proof) }
  const call = headers === undefined ? {} : { headers }
  const asked = isTrial ? askTwice : askOnce
  const { answer, requestIds } = await asked(new URL(url), token, call, transport)
  const about = { proof, ...(requestIds.length === 0 ? {} : { requestIds }) }
  if (!answer.ok) return { ...about, outcome: unproven, error: answer.error }
  const { status } = answer.value
  if (status === 200) {
    const seen = read(answer.value)
    if (seen.outcome === 'passed') sees?.(answer.value)
    // Absence of evidence is not enough where a yes is wanted.
    const outcome = seen.outcome === 'unverified' ? unproven : seen.outcome
    return { ...about, ...seen, outcome }
  }
  const isRefused = status === 401 || (status === 403 && on403 === 'failed')
  const error = refusalOf(proof, answer.value)
  return { ...about, outcome: isRefused ? 'failed' : unproven, error }
}

interface Asked {
  readonly answer: Result<ApiAnswer, EvergrantError>
  /** Of every try. */
  readonly requestIds: readonly string[]
}

async function askOnce(
  url: URL,
  token: AccessToken,
  call: ApiCall,
  transport: Transport,
): Promise<Asked> {
  const answer = await callApi(url, token, transport, call)
  return { answer, requestIds: answer.ok ? answer.value.requestIds : [] }
}

/** A sign-in took a person’s time: it is not lost to an API that was busy for a moment. */
async function askTwice(
  url: URL,
  token: AccessToken,
  call: ApiCall,
  transport: Transport,
): Promise<Asked> {
  const first = await askOnce(url, token, call, transport)
  const waitMs = pauseAfter(first.answer)
  if (waitMs === undefined) return first
  await transport.clock.sleep(waitMs)
  const second = await askOnce(url, token, call, transport)
  return { ...second, requestIds: [...first.requestIds, ...second.requestIds] }
}

/** How long to wait for the second try; undefined when it would show nothing else. */
function pauseAfter(answer: Result<ApiAnswer, EvergrantError>): number | undefined {
  if (!answer.ok) return secondTryAfterMs
  const { status, headers } = answer.value
  if (status < 500 && status !== 429) return undefined
  const seconds = Number(headers.get('retry-after') ?? '0')
  const askedMs = Number.isFinite(seconds) ? seconds * 1_000 : 0
  return askedMs > longestWaitMs ? undefined : Math.max(secondTryAfterMs, askedMs)
}

function withoutAddress(proof: string): EvergrantError {
  const detail = `${proof}: the connection does not say where this API answers`
  const remedy = 'Give its upstream a `url`: only the global cloud’s addresses are known here.'
  return new EvergrantError('candidate_refused', detail, { remedy })
}

/** What Partner Center answers with when the sign-in had no second factor. */
const partnerWantsMfa = 900421

/** An API’s refusal as an error, with the remedy as far as it can be told. */
export function refusalOf(proof: string, answer: ApiAnswer): EvergrantError {
  const { status, json, requestIds } = answer
  const [requestId] = requestIds
  const upstream = { status, ...(requestId === undefined ? {} : { requestId }) }
  if (String(json?.['code']) === String(partnerWantsMfa)) {
    const detail = `${proof}: Partner Center wants a sign-in with multi-factor authentication (${partnerWantsMfa})`
    // In the catalogue's words, by which its steps are found wherever this is shown.
    const remedy = findRemedy(String(partnerWantsMfa))?.remedy
    return new EvergrantError('interaction_required', detail, {
      ...(remedy === undefined ? {} : { remedy }),
      upstream,
    })
  }
  const code = status >= 500 || status === 429 ? 'provider_unavailable' : 'token_refused'
  return new EvergrantError(code, `${proof}: it was answered ${status}`, {
    upstream,
    ...(code === 'token_refused'
      ? {
          remedy:
            'See that the account has the roles, and the application the permissions, that this API wants.',
        }
      : {}),
  })
}
