import type { IncomingMessage, ServerResponse } from 'node:http'
import { isEvergrantError } from '../kernel/index.ts'
import type { SimulatorControl } from './control.ts'
import type { AccountChange, Addressee, RefreshTokenWish } from './control-grants.ts'
import type { Fault } from './faults.ts'
import type { Range, Rotation, SimulatedCertificate } from './options.ts'
import type { SimulatedFederation, SimulatedPolicy, SimulatedSecret } from './options.ts'
import type { DeltaReset, DeltaSettings } from './journal.ts'
import type { RejectionStyle, ResourceName } from './rejection-styles.ts'
import { readBody } from './read-body.ts'
import type { Revocation } from './token-ledger.ts'
import type { UserWish } from './user-changes.ts'
import type { OutageStyle } from './world.ts'

/** Where the control API lives. */
export const controlPrefix = '/_control/'

interface Arguments {
  readonly ms?: number
  readonly length?: number | boolean
  readonly style?: OutageStyle
  readonly latency?: Range
  readonly seconds?: Range
  readonly permissions?: readonly string[]
  readonly secrets?: readonly SimulatedSecret[]
  readonly users?: number
  readonly groups?: number
  readonly devices?: number
  readonly user?: string
  readonly group?: string
  readonly id?: string
  readonly audience?: string
  readonly isBlocked?: boolean
  readonly isEnforced?: boolean
  readonly isRefused?: boolean
  readonly rotation?: Rotation
  readonly rejection?: RejectionStyle
  readonly resource?: ResourceName
  readonly certificates?: readonly SimulatedCertificate[]
  readonly federated?: readonly SimulatedFederation[]
  readonly policies?: readonly SimulatedPolicy[]
}

type Operation = (control: SimulatorControl, body: never) => unknown

/** POST operations: each is the control method of that name, its arguments in a JSON object. */
const operations: Readonly<Record<string, Operation>> = {
  'advance-clock': (control, { ms }: Arguments) => control.advanceClock(ms as number),
  'revoke-tokens': (control, body: Revocation) => control.revokeTokens(body),
  'expire-tokens': (control) => control.expireTokens(),
  'expire-page-tokens': (control) => control.expirePageTokens(),
  'add-fault': (control, body: Fault) => ({ id: control.addFault(body).id }),
  'clear-faults': (control) => control.clearFaults(),
  outage: (control, { length, ms, style }: Arguments) =>
    control.outage(length ?? ms ?? true, style),
  'set-latency': (control, { latency, ms }: Arguments) => control.setLatency(latency ?? ms ?? 0),
  'set-token-lifetime': (control, { seconds }: Arguments) =>
    control.setTokenLifetime(requireMember(seconds, 'seconds')),
  'set-page-token-lifetime': (control, { seconds }: Arguments) =>
    control.setPageTokenLifetime(typeof seconds === 'number' ? seconds : null),
  'set-permissions': (control, body: Arguments & Addressee) =>
    control.setPermissions(requireMember(body.permissions, 'permissions'), body),
  'set-secrets': (control, body: Arguments & Addressee) =>
    control.setSecrets(requireMember(body.secrets, 'secrets'), body),
  'set-user-count': (control, body: Arguments & Addressee) =>
    control.setUserCount(requireMember(body.users, 'users'), body),
  'set-group-count': (control, body: Arguments & Addressee) =>
    control.setGroupCount(requireMember(body.groups, 'groups'), body),
  'create-user': (control, body: { readonly user?: UserWish } & Addressee) => ({
    id: control.createUser(requireMember(body.user, 'user'), body),
  }),
  'change-user': (control, body: Arguments & { readonly change?: UserWish } & Addressee) =>
    control.changeUser(requireMember(body.user, 'user'), body.change ?? {}, body),
  'reset-deltas': (control, body: { readonly style?: DeltaReset } & Addressee) =>
    control.resetDeltas(body, body),
  'set-deltas': (control, body: DeltaSettings & Addressee) => control.setDeltas(body, body),
  'restore-group': (control, body: Arguments & Addressee) =>
    control.restoreGroup(requireMember(body.group, 'group'), body),
  'change-group': (
    control,
    body: Arguments & { readonly change?: Readonly<Record<string, unknown>> } & Addressee,
  ) => control.changeGroup(requireMember(body.group, 'group'), body.change ?? {}, body),
  'add-member': (control, body: Arguments & { readonly member?: string } & Addressee) =>
    control.addMember(...membershipOf(body), body),
  'remove-member': (control, body: Arguments & { readonly member?: string } & Addressee) =>
    control.removeMember(...membershipOf(body), body),
  'set-index-lag': (control, body: Arguments & Addressee) =>
    control.setIndexLag(requireMember(body.ms, 'ms'), body),
  'restore-user': (control, body: Arguments & Addressee) =>
    control.restoreUser(requireMember(body.user, 'user'), body),
  'set-device-count': (control, body: Arguments & Addressee) =>
    control.setDeviceCount(requireMember(body.devices, 'devices'), body),
  'delete-user': (control, body: Arguments & Addressee) =>
    control.deleteUser(requireMember(body.user, 'user'), body),
  'delete-group': (control, body: Arguments & Addressee) =>
    control.deleteGroup(requireMember(body.group, 'group'), body),
  'set-certificates': (control, body: Arguments & Addressee) =>
    control.setCertificates(requireMember(body.certificates, 'certificates'), body),
  'set-federated': (control, body: Arguments & Addressee) =>
    control.setFederated(requireMember(body.federated, 'federated'), body),
  'issue-refresh-token': (control, body: RefreshTokenWish & { readonly count?: number }) => {
    const { count } = body
    if (count === undefined) return { refresh_token: control.issueRefreshToken(body) }
    const tokens = Array.from({ length: count }, () => control.issueRefreshToken(body))
    return { refresh_tokens: tokens }
  },
  'set-account': (control, body: AccountChange & Addressee & Arguments) =>
    control.setAccount(requireMember(body.user, 'user'), body, body),
  'revoke-sessions': (control, body: Arguments & Addressee) =>
    control.revokeSessions(body.user, body),
  totp: (control, body: Arguments & Addressee) => ({ code: control.totp(body.user, body) }),
  'set-policies': (control, body: Arguments & Addressee) =>
    control.setPolicies(requireMember(body.policies, 'policies'), body),
  'set-sign-in-frequency': (control, body: Arguments & Addressee) =>
    control.setSignInFrequency(typeof body.seconds === 'number' ? body.seconds : null, body),
  'withdraw-consent': (control, body: Arguments & Addressee) =>
    control.withdrawConsent(body.audience, body),
  'set-application-blocked': (control, body: Arguments & Addressee) =>
    control.setApplicationBlocked(body.isBlocked ?? true, body),
  'set-rotation': (control, body: Arguments & Addressee) =>
    control.setRotation(requireMember(body.rotation, 'rotation'), body),
  'set-auto-sign-in': (control, body: Arguments & Addressee) =>
    control.setAutoSignIn(body.user ?? null, body),
  'set-rejection-style': (control, body: Arguments) =>
    control.setRejectionStyle(requireMember(body.rejection, 'rejection'), body.resource),
  'set-partner-mfa': (control, { isEnforced }: Arguments) =>
    control.setPartnerMfa(requireMember(isEnforced, 'isEnforced')),
  'set-consent-refused': (control, body: Arguments & Addressee) =>
    control.setConsentRefused(requireMember(body.isRefused, 'isRefused'), body),
  release: (control, { id }: Arguments) => control.release(id),
  reset: (control) => control.reset(),
}

const readings: Readonly<Record<string, (control: SimulatorControl) => unknown>> = {
  stats: (control) => control.stats(),
  'token-requests': (control) => control.tokenRequests(),
}

/**
 * Serves the control over HTTP: `POST /_control/<operation>` with a JSON object, `GET
 * /_control/stats` and `GET /_control/token-requests`. Only loopback peers that speak to a loopback
 * host, and no web page, are heard.
 */
export async function answerControl(
  control: SimulatorControl,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const name = (incoming.url ?? '').slice(controlPrefix.length).split('?')[0] ?? ''
  const send = (status: number, body: unknown): void => {
    response.writeHead(status, { 'Content-Type': 'application/json' })
    response.end(JSON.stringify(body))
  }
  if (!isLocal(incoming)) return send(403, { error: 'the control API is for loopback only' })
  const reading = incoming.method === 'GET' ? readings[name] : undefined
  if (reading !== undefined) return send(200, reading(control))
  const operation = Object.hasOwn(operations, name) ? operations[name] : undefined
  if (operation === undefined || incoming.method !== 'POST') {
    const known = Object.keys(operations)
    return send(404, {
      error: `there is no operation "${name}"`,
      get: Object.keys(readings),
      post: known,
    })
  }
  try {
    const text = await readBody(incoming)
    const body: unknown = text === '' ? {} : JSON.parse(text)
    if (typeof body !== 'object' || body === null) throw new SyntaxError('expected a JSON object')
    send(200, operation(control, body as never) ?? { done: true })
  } catch (error) {
    const isTheirs =
      isEvergrantError(error) || error instanceof SyntaxError || error instanceof TypeError
    if (!isTheirs) throw error
    send(400, { error: error.message })
  }
}

/** Loopback peer, loopback host name (no DNS rebinding), and not a browser's page. */
function isLocal(incoming: IncomingMessage): boolean {
  const peer = incoming.socket.remoteAddress ?? ''
  const host = incoming.headers.host ?? ''
  return (
    /^(127\.|::1$|::ffff:127\.)/.test(peer) &&
    /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i.test(host) &&
    incoming.headers.origin === undefined
  )
}

function membershipOf(
  body: Pick<Arguments, 'group'> & { readonly member?: string },
): [group: string, member: string] {
  return [requireMember(body.group, 'group'), requireMember(body.member, 'member')]
}

function requireMember<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new SyntaxError(`"${name}" is missing`)
  return value
}
