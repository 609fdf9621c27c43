import axe from 'axe-core'
import type { Page } from 'playwright-core'

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

/**
 * What is wrong with how a page stands: barriers by axe, and what sticks out of the window at the
 * side.
 */
export async function findFlaws(page: Page): Promise<readonly string[]> {
  const outside = await page.evaluate(
    `(() => {
      const wide = document.documentElement.scrollWidth - window.innerWidth
      return wide > 0 ? ['it is ' + wide + ' pixels wider than the window'] : []
    })()`,
  )
  return [...(await findBarriers(page)), ...(outside as readonly string[])]
}
