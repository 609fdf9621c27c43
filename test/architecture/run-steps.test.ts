import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runSteps, selectSteps, type Step } from '../../tools/run-steps.ts'

const passing = (name: string, needs: readonly string[] = []): Step => ({
  name,
  needs,
  run: () => Promise.resolve({ passed: true, output: `${name} says much` }),
})
const failing = (name: string): Step => ({
  name,
  run: () => Promise.resolve({ passed: false, output: `${name} objects\nto this` }),
})

describe('npm run check', () => {
  it('does not know a step that is not there', () => {
    expect(selectSteps([passing('lint')], ['lnt', 'lint'])).toEqual({ unknown: ['lnt'] })
  })

  it('goes on after a failure and shows the output of failed steps only', async () => {
    const { text, failed } = await run([passing('format'), failing('lint'), passing('types')])
    expect(failed).toBe(1)
    expect(text).toBe(
      [
        '✓ format    0.5 s',
        '✗ lint      0.5 s',
        '    lint objects',
        '    to this',
        '✓ types     0.5 s',
        '2 passed, 1 failed',
        '',
      ].join('\n'),
    )
  })

  it('counts a step that throws as failed', async () => {
    const broken: Step = { name: 'build', run: () => Promise.reject(new Error('no such tool')) }
    const { text, failed } = await run([broken])
    expect(failed).toBe(1)
    expect(text).toContain('no such tool')
  })

  it('counts a step as failed when what it stands on failed, without running it', async () => {
    const { text, failed } = await run([failing('build'), passing('packed', ['build'])])
    expect(failed).toBe(2)
    expect(text).toContain('not run, because build failed')
  })

  it('runs as many at once as it may, and none before what it stands on', async () => {
    const now = new Set<string>()
    const seen: string[] = []
    const slow = (name: string, turns: number, needs: readonly string[] = []): Step => ({
      name,
      needs,
      run: async () => {
        now.add(name)
        seen.push([...now].join('+'))
        for (let i = 0; i < turns; i++) await new Promise(setImmediate)
        now.delete(name)
        return { passed: true, output: '' }
      },
    })
    const steps = [slow('build', 3), slow('packed', 3, ['build']), slow('lint', 9), slow('docs', 1)]
    const { failed } = await run(steps, 2)
    expect({ seen, failed }).toEqual({
      seen: ['build', 'build+lint', 'lint+packed', 'lint+docs'],
      failed: 0,
    })
  })

  it('selects what a selected step needs, in the usual order', () => {
    const steps = [passing('lint'), passing('build'), passing('packed', ['build'])]
    const selection = selectSteps(steps, ['packed'])
    expect('steps' in selection && selection.steps.map((step) => step.name)).toEqual([
      'build',
      'packed',
    ])
  })

  it('ends with a sum that accounts for every step', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }), async (fates) => {
        const { text, failed } = await run(
          fates.map((passes, i) => (passes ? passing(`s${i}`) : failing(`s${i}`))),
        )
        const passed = fates.filter(Boolean).length
        expect(failed).toBe(fates.length - passed)
        expect(text.endsWith(`\n${passed} passed, ${fates.length - passed} failed\n`)).toBe(true)
      }),
    )
  })
})

async function run(
  steps: readonly Step[],
  atOnce?: number,
): Promise<{ readonly text: string; readonly failed: number }> {
  let text = ''
  let ticks = 0
  const surroundings = {
    write: (part: string) => {
      text += part
    },
    monotonic: () => (ticks += 500),
  }
  const failed = await runSteps(steps, surroundings, atOnce)
  return { text, failed }
}
