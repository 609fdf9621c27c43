import { expect, it } from 'vitest'
import { describeFailure } from './describe-failure.ts'

it('tells what a failure says about the API, and what says nothing about it', () => {
  const failure = (code: string): Error => Object.assign(new Error('no'), { code })
  for (const [cause, code, tells] of [
    [failure('ECONNREFUSED'), 'upstream_unreachable', 'unreachable'],
    [failure('UND_ERR_CONNECT_TIMEOUT'), 'upstream_timeout', 'unreachable'],
    [failure('UND_ERR_SOCKET'), 'upstream_unreachable', 'unreachable'],
    [failure('HPE_INVALID_CONSTANT'), 'upstream_answer_invalid', 'reachable'],
    [failure('EGRESS_REFUSED'), 'egress_refused', 'nothing'],
    [failure('UND_ERR_INVALID_ARG'), 'request_malformed', 'nothing'],
    [failure('UND_ERR_CLOSED'), 'upstream_unreachable', 'nothing'],
    [new TypeError('a defect of ours'), 'internal', 'nothing'],
  ] as const) {
    const described = describeFailure(cause, 'https://api.example')
    expect([described.error.code, described.tells]).toEqual([code, tells])
  }
})
