import { expect } from 'vitest'
import { createBlockRunner } from './block-runner.ts'
import { markedBlocks, readDocument } from './document-blocks.ts'

/**
 * Does what a document tells its reader, block by block; each has to end and to print as it says.
 * Resolves with how many there were.
 */
export async function followDocument(path: string): Promise<number> {
  const blocks = markedBlocks(readDocument(path))
  const runner = await createBlockRunner()
  try {
    for (const block of blocks) {
      const { exit, printed } = await runner.run(block)
      const missing = block.prints.filter((text) => !printed.includes(text))
      const isAsTold = exit === block.exit && missing.length === 0
      expect(isAsTold ? 'as told' : { block: block.text, exit, missing, printed }).toBe('as told')
    }
    return blocks.length
  } finally {
    await runner.close()
  }
}
