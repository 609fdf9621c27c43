import { describe, expect, it } from 'vitest'
import { createManualClock } from '../kernel/index.ts'
import { describeTransportError } from './describe-transport-error.ts'
import { underDeadline } from './transport.ts'

const url = new URL('https://login.example/tenant/token?client_secret=no')
const withCode = (code: string): Error => Object.assign(new Error('x'), { code })

describe('a request that fails below HTTP', () => {
  it.each([
    ['its name does not resolve', withCode('ENOTFOUND')],
    [
      'self-signed',
      new TypeError('fetch failed', { cause: withCode('DEPTH_ZERO_SELF_SIGNED_CERT') }),
    ],
    [
      'another name',
      new TypeError('fetch failed', { cause: withCode('ERR_TLS_CERT_ALTNAME_INVALID') }),
    ],
    [
      'nothing listens',
      new TypeError('fetch failed', { cause: new AggregateError([withCode('ECONNREFUSED')]) }),
    ],
    ['below HTTP', 'not even an error'],
  ])('says that %s', (reason, cause) => {
    const { error, kind } = describeTransportError(cause, url)
    expect(kind).toBe('unreachable')
    expect(error.detail).toContain(`login.example could not be reached: `)
    expect(error.detail).toContain(reason)
    expect(error.detail).not.toContain('client_secret')
  })

  it('never advises to switch verification off', () => {
    const { error } = describeTransportError(withCode('SELF_SIGNED_CERT_IN_CHAIN'), url)
    expect(error.remedy).toContain('network.ca')
  })
})

describe('what a failed request may have spent', () => {
  const during = (syscall: string, code: string): Error =>
    new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code, syscall }) })

  it.each([
    ['a reset', withCode('ECONNRESET')],
    ['a broken socket', new TypeError('fetch failed', { cause: withCode('UND_ERR_SOCKET') })],
    ['a broken pipe', withCode('EPIPE')],
    ['a time-out while reading', during('read', 'ETIMEDOUT')],
    ['a host that vanished while reading', during('read', 'EHOSTUNREACH')],
    ['a time-out of nobody knows what', withCode('ETIMEDOUT')],
    ['an answer that never comes', withCode('UND_ERR_HEADERS_TIMEOUT')],
    ['something unheard of', new Error('hm')],
    ['something that is no error', undefined],
  ])('is unknown after %s', (_what, cause) => {
    expect(describeTransportError(cause, url).effect).toBe('unknown')
  })

  it.each([
    ['a name that does not resolve', during('getaddrinfo', 'ENOTFOUND')],
    ['a refused connection', during('connect', 'ECONNREFUSED')],
    ['a connection that timed out', during('connect', 'ETIMEDOUT')],
    ['a connection that timed out by undici', withCode('UND_ERR_CONNECT_TIMEOUT')],
    ['no route while connecting', during('connect', 'EHOSTUNREACH')],
    ['a certificate that has expired', withCode('CERT_HAS_EXPIRED')],
    ['a certificate for another name', withCode('ERR_TLS_CERT_ALTNAME_INVALID')],
    ['a reset before TLS stood', withCode('CONNECT_RESET')],
    [
      'a reset that Node tells in words',
      Object.assign(
        new Error(
          'Client network socket disconnected before secure TLS connection was established',
        ),
        { code: 'ECONNRESET' },
      ),
    ],
    ['a proxy that wants a password', withCode('PROXY_AUTH_REQUIRED')],
    ['a proxy that does not answer', withCode('PROXY_TIMEOUT')],
    [
      'a refusal of a proxy of undici',
      new TypeError('fetch failed', {
        cause: new Error('Proxy response (407) !== 200 when HTTP Tunneling'),
      }),
    ],
    ['a forbidden port', new TypeError('fetch failed', { cause: new Error('bad port') })],
  ])('is nothing after %s', (_what, cause) => {
    expect(describeTransportError(cause, url)).toMatchObject({
      kind: 'unreachable',
      effect: 'none',
      retry: 'backoff',
    })
  })
})

describe('a deadline', () => {
  it('ends a transport that ignores its signal', async () => {
    const clock = createManualClock()
    const outcome = underDeadline(
      { clock, fetch: () => new Promise(() => {}) },
      url,
      (send, signal) => send(url, { signal }),
      500,
    )
    await clock.advance(500)
    expect(await outcome).toMatchObject({ failed: { kind: 'timeout', effect: 'unknown' } })
  })

  it.each([
    ['has begun is read to its end', true],
    ['never came is given up at once', false],
  ])('slept through: an answer that %s', async (_what, hasAnswer) => {
    const clock = createManualClock()
    let ticks = 0
    const stopped = { ...clock, monotonic: () => ticks }
    const rest = Promise.withResolvers<string>()
    const fetch = async (): Promise<Response> =>
      hasAnswer ? new Response('') : await new Promise(() => {})
    const outcome = underDeadline(
      { clock: stopped, fetch },
      url,
      async (send, signal) => {
        await send(url, { signal })
        return rest.promise
      },
      10_000,
    )
    await clock.advance(9_999)
    ticks = 60_000
    await clock.advance(1)
    rest.resolve('the refresh token')
    const expected = hasAnswer ? { done: 'the refresh token' } : { failed: { kind: 'timeout' } }
    expect(await outcome).toMatchObject(expected)
  })

  it('passes faults on as they are', async () => {
    const fault = new RangeError('a bug')
    const transport = { clock: createManualClock(), fetch }
    await expect(underDeadline(transport, url, () => Promise.reject(fault))).rejects.toBe(fault)
  })
})
