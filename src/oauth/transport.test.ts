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
    expect(await outcome).toMatchObject({ failed: { kind: 'timeout' } })
  })

  it('passes faults on as they are', async () => {
    const fault = new RangeError('a bug')
    const transport = { clock: createManualClock(), fetch }
    await expect(underDeadline(transport, url, () => Promise.reject(fault))).rejects.toBe(fault)
  })
})
