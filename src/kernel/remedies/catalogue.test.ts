import { describe, expect, it } from 'vitest'
import { EvergrantError } from '../errors/evergrant-error.ts'
import { errorRegistry } from '../errors/registry.ts'
import { findRemedy, guidanceOf, remedyCatalogue } from './catalogue.ts'
import { entraRemedies } from './entra.ts'
import { links } from './links.ts'
import { partnerCenterRemedies } from './partner-center.ts'

const numbered = [...entraRemedies, ...partnerCenterRemedies]

describe('the catalogue of remedies', () => {
  it('lists no code twice, and every code of the registry', () => {
    const codes = remedyCatalogue.map(({ code }) => code)
    expect(new Set(codes).size).toBe(codes.length)
    expect(Object.keys(errorRegistry).filter((code) => !codes.includes(code))).toEqual([])
  })

  it('writes titles without a full stop, and meanings, remedies and steps as sentences', () => {
    const isSentence = (text: string): boolean => /^\S[^]*[.!?…]$/.test(text)
    const bad = remedyCatalogue.filter(
      ({ title, meaning, remedy, steps }) =>
        !/^\S.*[^.]$/.test(title) ||
        steps.length === 0 ||
        ![meaning, remedy, ...steps].every(isSentence),
    )
    expect(bad).toEqual([])
  })

  it('uses no remedy’s words twice, since words tell entries apart', () => {
    const words = [
      ...numbered.map(({ remedy }) => remedy),
      ...Object.values(errorRegistry).map(({ remedy }) => remedy),
    ]
    const own = new Set(numbered.map(({ remedy }) => remedy))
    expect(own.size).toBe(numbered.length)
    expect(words.filter((text, i) => own.has(text) && words.indexOf(text) !== i)).toEqual([])
  })

  it('uses every link that it names', () => {
    const used = new Set(numbered.map(({ link }) => link))
    expect(Object.values(links).filter((link) => !used.has(link))).toEqual([])
  })

  it.each([
    ['50076', 'AADSTS50076'],
    ['aadsts50076', 'AADSTS50076'],
    [' AADSTS7000222 ', 'AADSTS7000222'],
    ['900421', '900421'],
    ['grant_lapsed', 'grant_lapsed'],
  ])('finds %j as %s', (text, code) => {
    expect(findRemedy(text)?.code).toBe(code)
  })

  it.each(['', '1', 'toString', 'AADSTS', 'grant', '__proto__'])('knows no %j', (text) => {
    expect(findRemedy(text)).toBeUndefined()
  })
})

describe('guidance of an error', () => {
  it('is of the AADSTS number where one is known', () => {
    const { actor, steps, link } = guidanceOf({
      code: 'grant_lapsed',
      remedy: 'Anything.',
      errorCodes: [1, 70043],
    })
    expect(actor).toBe('tenant_administrator')
    expect(steps.join(' ')).toContain('Exclude the service account')
    expect(link).toBe(links.signInFrequency)
  })

  it('is found again by the words of the remedy alone, as a stored failure has them', () => {
    const remedy = findRemedy('900421')?.remedy ?? ''
    expect(guidanceOf({ code: 'interaction_required', remedy })).toMatchObject({
      actor: 'subject',
      link: links.partnerAuthentication,
    })
  })

  it('is the registry’s for the registry’s remedy, and a remedy of its own is the only step', () => {
    const general = new EvergrantError('consent_needed', 'x')
    expect(general.guidance.steps).toBe(errorRegistry.consent_needed.steps)
    const own = new EvergrantError('consent_needed', 'x', { remedy: 'Do this.' })
    expect(own.guidance).toEqual({
      meaning: null,
      steps: ['Do this.'],
      link: null,
      actor: 'operator',
    })
  })

  it('names the connection in the place of NAME', () => {
    const question = {
      code: 'consent_needed',
      remedy: errorRegistry.consent_needed.remedy,
    } as const
    const [first] = guidanceOf({ ...question, name: 'csp@contoso.com' }).steps
    expect(first).toContain('`evergrant consent csp@contoso.com`')
  })

  it('is another at a customer of a partner’s, and names connection and customer apart', () => {
    const at = (errorCodes: readonly number[]): ReturnType<typeof guidanceOf> =>
      guidanceOf({
        code: 'customer_refused',
        remedy: 'Exempt it.',
        errorCodes,
        name: 'csp@fabrikam.com',
      })
    expect(at([53003]).actor).toBe('customer_administrator')
    expect(at([65001])).toMatchObject({ actor: 'operator' })
    expect(at([65001]).steps.join(' ')).toContain(
      '`evergrant connections customers csp --customer fabrikam.com --grant`',
    )
    expect(at([50076]).steps.join(' ')).toContain('`evergrant consent csp`')
    expect(at([700082])).toMatchObject({ actor: 'operator', steps: ['Exempt it.'] })
  })

  it('stands in problem+json', () => {
    expect(new EvergrantError('usage', 'x').toProblem()).toMatchObject({
      steps: [errorRegistry.usage.remedy],
      link: null,
      actor: 'caller',
    })
  })
})
