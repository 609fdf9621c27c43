import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createDemoPerson } from '../../src/cli/demo-person.ts'
import { createBlockRunner, type BlockEnd, type BlockRunner } from '../support/block-runner.ts'
import { openConsoleBrowser } from '../support/console-browser.ts'
import { followDocument } from '../support/follow-document.ts'
import { markedBlocks, readDocument, type MarkedBlock } from '../support/document-blocks.ts'

/** How often is looked for what another process notices, half a second apart. */
const mostLooks = 40
const administrator = 'admin@contoso.example'

let runner: BlockRunner
beforeEach(async () => {
  runner = await createBlockRunner()
})
afterEach(() => runner.close())

/** Runs a block until it prints what it says: what another process notices takes a moment. */
async function follow(block: MarkedBlock): Promise<BlockEnd> {
  let end: BlockEnd = { exit: null, printed: '' }
  const isAwaited = block.text.includes('alarms list')
  const asTold = async (): Promise<unknown> => {
    end = await runner.run(block)
    const missing = block.prints.filter((text) => !end.printed.includes(text))
    const isAsTold = end.exit === block.exit && missing.length === 0
    return isAsTold ? 'as told' : { block: block.text, ...end, missing }
  }
  let seen = await asTold()
  for (let left = isAwaited ? mostLooks : 0; left > 0 && seen !== 'as told'; left--) {
    await sleep(500)
    seen = await asTold()
  }
  expect(seen).toBe('as told')
  return end
}

/** What the guide leaves to a person: they open an address that was printed, and sign in. */
async function signIn(url: string, simulator: string): Promise<{ heading: string; page: string }> {
  let page = ''
  const person = createDemoPerson(async (...call) => {
    const answer = await fetch(...call)
    page = await answer.clone().text()
    return answer
  })
  const told = await fetch(`${simulator}/_control/totp`, {
    method: 'POST',
    body: JSON.stringify({ user: administrator }),
  })
  const { code } = (await told.json()) as { readonly code: string }
  const typed = { username: () => administrator, otc: () => code }
  let seen = await person.open(url)
  // Our own page of a link has a button first.
  if (!seen.url.startsWith(simulator)) seen = await person.submit(typed)
  while (seen.url.startsWith(simulator)) seen = await person.submit(typed)
  await expect
    .poll(
      async () => {
        if (seen.isGoingOn) seen = await person.open(seen.url)
        return seen.isGoingOn
      },
      { timeout: 20_000 },
    )
    .toBe(false)
  return { heading: seen.heading, page }
}

describe('docs/guides/consent.md', () => {
  it('can be followed from an empty folder to the last block', { timeout: 480_000 }, async () => {
    const blocks = markedBlocks(readDocument('docs/guides/consent.md'))
    expect(blocks).toHaveLength(26)
    let simulator = ''
    const headings: string[] = []
    const roles: unknown[] = []
    for (const block of blocks) {
      const { printed } = await follow(block)
      simulator = /authority +(http\S+)/.exec(printed)?.[1] ?? simulator
      const [consoleLink] = /http\S+\/console\/sign-in\/link\/ega_\S+/.exec(printed) ?? []
      if (consoleLink !== undefined) {
        const browser = openConsoleBrowser(new URL(consoleLink).origin)
        await browser.enter(consoleLink)
        roles.push((await browser.session())?.['role'])
      }
      const [link] = /http\S+\/consent\/l\/egl_\S+/.exec(printed) ?? []
      if (link !== undefined) headings.push((await signIn(link, simulator)).heading)
      const [manual] = /http\S+\/authorize\?\S+/.exec(printed) ?? []
      if (manual !== undefined && !block.text.includes('static.example.com')) {
        const { heading, page } = await signIn(manual, simulator)
        headings.push(heading)
        const [sealed = 'the page shows no sealed code'] = /egx_[\w-]+/.exec(page) ?? []
        await writeFile(join(runner.folder, 'pasted.txt'), `${sealed}\n`)
      }
    }
    expect(roles).toEqual(['admin', 'admin'])
    expect(headings).toEqual([
      'The new grant is active',
      'Hand this code on',
      'The new grant is active',
    ])
  })

  it('shows pictures that are there, and says what is seen', () => {
    for (const path of ['README.md', 'docs/guides/consent.md', 'docs/guides/console.md']) {
      const folder = path === 'README.md' ? '' : 'docs/guides/'
      const pictures = [...readDocument(path).matchAll(/!\[([^\]]*)\]\(([^)]+)\)/g)]
      expect(pictures.length).toBeGreaterThan(0)
      for (const [, alt = '', target = ''] of pictures) {
        expect(alt.length).toBeGreaterThan(20)
        expect(readDocument(join(folder, target))).toContain('PNG')
      }
    }
  })
})

describe('docs/guides/console.md', () => {
  it('shows a sign-in that config check takes', { timeout: 60_000 }, async () => {
    expect(await followDocument('docs/guides/console.md')).toBe(3)
  })
})
