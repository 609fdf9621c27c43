import { createHmac, randomUUID } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readDocument } from '../support/document-blocks.ts'
import { followDocument } from '../support/follow-document.ts'

const path = 'docs/guides/alarms.md'

describe('docs/guides/alarms.md', () => {
  it('does what it tells', { timeout: 120_000 }, async () => {
    expect(await followDocument(path)).toBe(4)
  })

  it('shows how to check a signature', async () => {
    const [, code = ''] = /```js\n([\s\S]*?)```/.exec(readDocument(path)) ?? []
    const file = join(tmpdir(), `evergrant-${randomUUID()}.mjs`)
    await writeFile(file, code)
    const { isOurs } = (await import(pathToFileURL(file).href)) as {
      isOurs: (header: string, body: string, key: string, now: number) => boolean
    }
    await rm(file)
    const mac = createHmac('sha256', 'key').update('1000.{}').digest('hex')
    expect(isOurs(`t=1000,v1=${mac}`, '{}', 'key', 1_000_000)).toBe(true)
    expect(isOurs(`t=1000,v1=${mac}`, '{ }', 'key', 1_000_000)).toBe(false)
    expect(isOurs(`t=1000,v1=${mac}`, '{}', 'other', 1_000_000)).toBe(false)
    expect(isOurs(`t=1000,v1=${mac}`, '{}', 'key', 1_301_000)).toBe(false)
    expect(isOurs('nonsense', '{}', 'key', 1_000_000)).toBe(false)
  })
})
