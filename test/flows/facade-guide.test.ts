import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createBlockRunner, type BlockRunner } from '../support/block-runner.ts'
import { markedBlocks, readDocument } from '../support/document-blocks.ts'

describe('docs/guides/facade.md', () => {
  let runner: BlockRunner
  beforeAll(async () => {
    runner = await createBlockRunner()
  })
  afterAll(() => runner.close())

  it('can be rehearsed from its first block to its last', { timeout: 120_000 }, async () => {
    const blocks = markedBlocks(readDocument('docs/guides/facade.md'))
    expect(blocks.length).toBeGreaterThan(8)
    for (const block of blocks) {
      const { exit, printed } = await runner.run(block)
      const missing = block.prints.filter((text) => !printed.includes(text))
      const isAsTold = exit === block.exit && missing.length === 0
      expect(isAsTold ? 'as told' : { block: block.text, exit, missing, printed }).toBe('as told')
    }
  })
})
