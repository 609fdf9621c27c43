import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isErrorCode } from '../../src/kernel/index.ts'

const root = join(import.meta.dirname, '../..')
const documents = globSync(['*.md', 'docs/**/*.md', 'src/**/README.md'], { cwd: root })
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

describe('the documents', () => {
  it.each(documents)('%s links only to files that are there', (path) => {
    const links = [...read(path).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)/g)]
    const broken = links
      .map(([, target = '']) => target)
      .filter((target) => !existsSync(join(root, dirname(path), target)))
    expect(broken).toEqual([])
  })

  it.each(['ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md'])(
    '%s names only files and folders that are there',
    (path) => {
      const named = [...read(path).matchAll(/`((?:src|test|tools|docs|bench|bin)\/[\w./-]*)`/g)]
      const missing = named
        .map(([, file = '']) => file)
        .filter((file) => !existsSync(join(root, file)))
      expect(missing).toEqual([])
    },
  )

  it('draw error exits only with codes of the registry', () => {
    const drawings = [...read('ARCHITECTURE.md').matchAll(/```text\n([\s\S]*?)```/g)].map(
      ([, drawing = '']) => drawing,
    )
    const codes = drawings.flatMap((drawing) => drawing.match(/\b[a-z]+(?:_[a-z]+)+\b/g) ?? [])
    expect(codes.length).toBeGreaterThan(20)
    expect(codes.filter((code) => !isErrorCode(code))).toEqual([])
  })

  it('prove every promise of the engine by a test that is there', () => {
    const rows = read('docs/guides/engine.md')
      .split('\n')
      .filter((line) => line.startsWith('| '))
    const promises = rows.filter((row) => !/^\| (-|what happens|when )/.test(row))
    expect(promises.length).toBeGreaterThan(20)
    for (const row of promises) {
      const proofs = [
        ...row.matchAll(/`((?:src|test)\/[\w./-]+\.test\.ts)`: ((?:"[^"]+"(?:, )?)+)/g),
      ]
      if (proofs.length === 0) throw new Error(`no test shows that ${row}`)
      for (const [, file = '', names = ''] of proofs) {
        const text = read(file)
        for (const [, name = ''] of names.matchAll(/"([^"]+)"/g)) {
          if (!text.includes(name)) throw new Error(`${file} has no test "${name}"`)
        }
      }
    }
  })

  it.each(
    globSync('docs/guides/*.md', { cwd: root }).filter((path) =>
      read(path).includes('\nnpx evergrant init'),
    ),
  )('%s begins in a folder that has Evergrant, and says how it gets there', (path) => {
    expect(read(path)).toContain('[has Evergrant](../../README.md#get-it)')
  })
})
