import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { keepScreenshot } from './browser.ts'

interface Violation {
  readonly id: string
  readonly help: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[]
}

const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** What axe finds wrong with a page by WCAG 2.2 AA, one a place; empty where nothing is. */
export async function findBarriers(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source)
  const options = JSON.stringify({ runOnly: rules })
  const found: unknown = await page.evaluate(
    `axe.run(document, ${options}).then(({ violations }) => violations)`,
  )
  return (found as readonly Violation[]).flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary = '' }) => `${id}: ${help}\n${html}\n${failureSummary}`),
  )
}

/** What sticks out of the window at the side. */
const sideways = `(() => {
  const { scrollWidth, clientWidth } = document.documentElement
  const wide = scrollWidth - clientWidth
  return wide > 0 ? ['it is ' + wide + ' pixels wider than the window'] : []
})()`

/**
 * What is wrong with how a page stands: barriers by axe, and what sticks out of the window at the
 * side.
 */
export async function findFlaws(page: Page): Promise<readonly string[]> {
  const outside = (await page.evaluate(sideways)) as readonly string[]
  return [...(await findBarriers(page)), ...outside]
}

/**
 * What moves to its place by a transition is there before anything is measured. One that is paused
 * or taken away never says that it has finished: nobody waits longer than a second.
 */
const settled = `new Promise((resolve) => requestAnimationFrame(resolve)).then(() =>
  Promise.race([
    new Promise((resolve) => setTimeout(resolve, 1000)),
    Promise.allSettled(
      document
        .getAnimations()
        .filter((one) => one.effect?.getComputedTiming().iterations !== Infinity)
        .map((one) => one.finished),
    ),
  ]),
)`

/**
 * The same, on a desk, in a hand and at twice its size, in both colour schemes. Keeps pictures. The
 * page stands as on a desk afterwards.
 */
export async function findFlawsAnywhere(page: Page, name: string): Promise<readonly string[]> {
  const flaws: string[] = []
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: width === 390 ? 844 : 900 })
    await page.evaluate(settled)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.waitForSelector(`html[data-mantine-color-scheme=${colorScheme}]`)
      await keepScreenshot(page, `${name}-${width}-${colorScheme}`)
      flaws.push(...(await findFlaws(page)).map((one) => `${width} ${colorScheme}: ${one}`))
    }
  }
  // A desk at 200 %: as many CSS pixels as half of it has.
  await page.setViewportSize({ width: 640, height: 450 })
  await page.evaluate(settled)
  const zoomed = (await page.evaluate(sideways)) as readonly string[]
  flaws.push(...zoomed.map((one) => `at 200 %: ${one}`))
  await page.setViewportSize({ width: 1280, height: 900 })
  return flaws
}
