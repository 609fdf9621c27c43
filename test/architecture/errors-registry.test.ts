import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { errorRegistry, errorTables, type ErrorDefinition } from '../../src/kernel/index.ts'

const root = join(import.meta.dirname, '../..')
const codes = Object.keys(errorRegistry)
const definitions = Object.entries<ErrorDefinition>(errorRegistry)

/** The codes whose definition breaks a rule. */
const breaking = (isKept: (definition: ErrorDefinition) => boolean): string[] =>
  definitions.filter(([, definition]) => !isKept(definition)).map(([code]) => code)

const productionText = globSync('src/**/*.ts', { cwd: root })
  .filter((file) => !file.endsWith('.test.ts') && !/^src.kernel.errors./.test(file))
  .map((file) => readFileSync(join(root, file), 'utf8'))
  .join('\n')

const page = readFileSync(join(root, 'docs/reference/errors.md'), 'utf8')
const inDocs = [...page.matchAll(/^### `(.+)`$/gm)].map(([, code]) => code ?? '')
const inDocsTable = [...page.matchAll(/^\| \[`(.+)`\]\(#/gm)].map(([, code]) => code ?? '')

describe('the error registry', () => {
  it('defines no code in two tables', () => {
    const all = Object.values(errorTables).flatMap((table) => Object.keys(table))
    expect(all.toSorted()).toEqual([...new Set(all)].toSorted())
    expect(all.toSorted()).toEqual(codes.toSorted())
  })

  it('names its codes in lower case with underscores', () => {
    expect(codes.filter((code) => !/^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/.test(code))).toEqual([])
  })

  it('has exactly the codes of docs/reference/errors.md, in text and table', () => {
    expect(inDocs.toSorted()).toEqual(codes.toSorted())
    expect(inDocsTable.toSorted()).toEqual(codes.toSorted())
  })

  it('has no code that nothing yields', () => {
    expect(codes.filter((code) => !productionText.includes(`'${code}'`))).toEqual([])
  })

  it('has every code that the sources yield', () => {
    const yielded = [...productionText.matchAll(/new EvergrantError\(\s*'([^']+)'/g)].map(
      ([, code]) => code ?? '',
    )
    expect(yielded.length).toBeGreaterThan(10)
    expect(yielded.filter((code) => !Object.hasOwn(errorRegistry, code))).toEqual([])
  })

  it('titles every error in a few words that a detail can follow', () => {
    expect(breaking(({ title }) => /^[A-Z].{7,69}[^.!:]$/.test(title))).toEqual([])
  })

  it('gives every remedy as sentences', () => {
    expect(breaking(({ remedy }) => /^[A-Z].{10,}\.$/s.test(remedy))).toEqual([])
  })

  it('gives every error an exit code from 1 to 5 and a status of an error', () => {
    expect(breaking(({ exit }) => [1, 2, 3, 4, 5].includes(exit))).toEqual([])
    expect(breaking(({ status }) => status >= 400 && status <= 599)).toEqual([])
  })

  it('blames a fault of ours, exit 1, on no caller', () => {
    expect(breaking(({ exit, actor }) => exit !== 1 || actor !== 'caller')).toEqual([])
  })
})
