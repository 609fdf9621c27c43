import { describe, expectTypeOf, it } from 'vitest'
import type { ApiUpstreamConfig, RejectionRuleConfig, UpstreamConfig } from '../config/index.ts'
import type { RejectionRule, UpstreamSettings } from '../gateway/index.ts'

describe('an upstream of the configuration', () => {
  it('with a url is what the gateway takes, and has each of its settings', () => {
    expectTypeOf<ApiUpstreamConfig>().toExtend<UpstreamSettings>()
    expectTypeOf<keyof Omit<ApiUpstreamConfig, 'target'>>().toEqualTypeOf<keyof UpstreamSettings>()
    expectTypeOf<RejectionRuleConfig>().toExtend<RejectionRule>()
    expectTypeOf<keyof RejectionRuleConfig>().toEqualTypeOf<keyof RejectionRule>()
  })

  it('without a url is none', () => {
    expectTypeOf<UpstreamConfig>().not.toExtend<UpstreamSettings>()
  })
})
