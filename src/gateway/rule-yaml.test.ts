import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { rejectionPresets } from './rejection-presets.ts'
import { ruleYaml } from './rule-yaml.ts'
import type { RejectionRule } from './settings.ts'

describe('a rule as YAML', () => {
  it('is one line', () => {
    const rule: RejectionRule = {
      name: 'all',
      status: [400, 403],
      header: { name: 'x-reason', contains: 'a "b"' },
      json: { pointer: '/errors/0/code', equals: ['x', 602, true] },
      text: 'say: {#',
      path: '/id/**',
      tokenAgeMs: 3_000_000,
    }
    expect(ruleYaml(rule)).toBe(
      '{ name: all, status: [400, 403], header: { name: x-reason, contains: "a \\"b\\"" }, json: { pointer: /errors/0/code, equals: ["x", 602, true] }, text: "say: {#", path: "/id/**", tokenAge: 50m }',
    )
    expect(ruleYaml({ status: [403], isEmpty: true, tokenAgeMs: 90_000 })).toBe(
      '{ status: 403, empty: true, tokenAge: 90s }',
    )
  })

  it('says what the rule says, for every rule of every preset', () => {
    const rules = Object.values(rejectionPresets).flatMap((preset) => preset.rules)
    for (const rule of rules) {
      const { isEmpty, tokenAgeMs, status, ...same } = rule
      expect(parse(ruleYaml(rule))).toEqual({
        ...same,
        status: status?.length === 1 ? status[0] : status,
        ...(isEmpty === undefined ? {} : { empty: isEmpty }),
        ...(tokenAgeMs === undefined ? {} : { tokenAge: `${tokenAgeMs / 60_000}m` }),
      })
    }
  })
})
