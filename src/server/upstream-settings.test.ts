import { describe, expect, expectTypeOf, it } from 'vitest'
import {
  rejectionPresetNames,
  type ApiUpstreamConfig,
  type RejectionRuleConfig,
  type UpstreamConfig,
} from '../config/index.ts'
import { rejectionPresets, type RejectionRule, type UpstreamSettings } from '../gateway/index.ts'

describe('an upstream of the configuration', () => {
  it('with a url is what the gateway takes, and has each of its settings', () => {
    expectTypeOf<ApiUpstreamConfig>().toExtend<UpstreamSettings>()
    expectTypeOf<keyof Omit<ApiUpstreamConfig, 'target'>>().toEqualTypeOf<keyof UpstreamSettings>()
    expectTypeOf<RejectionRuleConfig>().toExtend<RejectionRule>()
    expectTypeOf<keyof RejectionRuleConfig>().toEqualTypeOf<keyof RejectionRule>()
  })

  it('may name each pack of rules that the gateway has, and no other', () => {
    expect(rejectionPresetNames.toSorted()).toEqual(Object.keys(rejectionPresets).toSorted())
  })

  it('without a url is none', () => {
    expectTypeOf<UpstreamConfig>().not.toExtend<UpstreamSettings>()
  })
})
