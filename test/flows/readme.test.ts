import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defaultTenant, startSimulator, type Simulator } from '../../src/simulator/index.ts'
import { createBlockRunner, type BlockRunner } from '../support/block-runner.ts'
import { markedBlocks, readDocument } from '../support/document-blocks.ts'
import { followBlock } from '../support/follow-document.ts'

describe('README.md', () => {
  let runner: BlockRunner
  let simulator: Simulator
  const blocks = markedBlocks(readDocument('README.md'))
  const { id, clientId } = defaultTenant
  beforeAll(async () => {
    runner = await createBlockRunner()
    const secrets = [{ value: 'the value of the client secret' }]
    simulator = await startSimulator({
      tenants: [{ id, users: 3_000, applications: [{ id: clientId, secrets }] }],
    })
  })
  afterAll(async () => {
    await runner.close()
    await simulator.close()
  })

  /** The one thing that is not as in the README: the tenant is a simulated one. */
  async function turnToSimulator(): Promise<void> {
    const path = join(runner.folder, 'evergrant.yaml')
    const config = parse(await readFile(path, 'utf8')) as {
      providers: Record<string, Record<string, unknown>>
    }
    const { authority, graph } = simulator.urls
    config.providers['contoso'] = { ...config.providers['contoso'], authority, graph }
    await writeFile(path, stringify(config))
  }

  it('can be followed from its first block to its last', { timeout: 240_000 }, async () => {
    expect(blocks.length).toBeGreaterThan(8)
    for (const block of blocks) {
      await followBlock(runner, block)
      if (block.language === 'yaml') await turnToSimulator()
    }
    expect(simulator.stats().rowsServed).toBeGreaterThanOrEqual(6_000)
  })
})
