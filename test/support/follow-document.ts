import { expect } from 'vitest'
import { createBlockRunner, type BlockRunner } from './block-runner.ts'
import { markedBlocks, readDocument, type MarkedBlock } from './document-blocks.ts'

/** Does what a block says; it has to end as its mark says, and to print that. */
export async function followBlock(runner: BlockRunner, block: MarkedBlock): Promise<void> {
  const { exit, printed } = await runner.run(block)
  const missing = block.prints.filter((text) => !printed.includes(text))
  const isAsTold = exit === block.exit && missing.length === 0
  // The block and what it printed stand in the failure, so that it explains itself.
  expect(isAsTold ? 'as told' : { block: block.text, exit, missing, printed }).toBe('as told')
}

/** Does what a document tells its reader, block by block. Resolves with how many there were. */
export async function followDocument(path: string): Promise<number> {
  const blocks = markedBlocks(readDocument(path))
  const runner = await createBlockRunner()
  try {
    for (const block of blocks) await followBlock(runner, block)
    return blocks.length
  } finally {
    await runner.close()
  }
}
