import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createBlockRunner, type BlockRunner } from '../support/block-runner.ts'
import { markedBlocks, readDocument } from '../support/document-blocks.ts'
import { followBlock } from '../support/follow-document.ts'

describe('docs/guides/import.md and import-operations.md', () => {
  let runner: BlockRunner
  beforeAll(async () => {
    runner = await createBlockRunner()
  })
  afterAll(() => runner.close())

  it('can be followed from the first block to the last', { timeout: 480_000 }, async () => {
    const first = markedBlocks(readDocument('docs/guides/import.md'))
    // What goes on where the first ends: the same folder, tenant and service.
    const further = markedBlocks(readDocument('docs/guides/import-operations.md'))
    expect([first.length, further.length]).toEqual([13, 3])
    for (const block of [...first, ...further]) {
      await followBlock(runner, block)
    }
  })
})
