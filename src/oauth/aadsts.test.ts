import { describe, expect, it } from 'vitest'
import { entraRemedies } from '../kernel/index.ts'
import { findAadstsHint } from './aadsts.ts'

describe('the AADSTS numbers', () => {
  it('has every code of the research it was made from', () => {
    const known = new Set(entraRemedies.flatMap((hint) => hint.codes))
    const noted = [
      7000222, 7000215, 70002, 7000218, 900144, 90014, 9002313, 700025, 700027, 7000274, 700024,
      1000502, 7000214, 7000277, 50027, 70021, 700211, 700213, 700229, 700016, 70001, 7000112,
      90002, 50059, 50128, 9001023, 50194, 90124, 90038, 900382, 900432, 500011, 50001, 650057,
      70011, 28002, 700022, 700023, 65001, 90094, 90095, 650056, 50076, 50079, 50074, 50072, 50078,
      53003, 530032, 53000, 53001, 50097, 50129, 700082, 70008, 700084, 50173, 50132, 50133, 70043,
      70000, 50057, 50034, 50020, 50105, 50055, 50144, 50053, 50013, 500133, 54005, 501481, 50196,
      90055, 50000, 50033, 90006, 90012, 90024, 90033, 90090, 50011, 50177, 700011, 50126, 700003,
      530035, 700005, 65004, 90099, 650052, 650051, 901002,
    ]
    expect(noted.filter((code) => !known.has(code))).toEqual([])
  })

  it('passes over codes it does not know', () => {
    expect(findAadstsHint([1, 7000222])?.codes).toContain(7000222)
    expect(findAadstsHint([1])).toBeUndefined()
  })
})
