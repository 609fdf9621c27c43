import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describe, expect, it } from 'vitest'

const shim = join(import.meta.dirname, '../../bin/evergrant.js')
const oldNode = findOldNode()

describe('the evergrant command', () => {
  it.each(['8.17.0', '18.20.8', '20.20.2', '22.21.0', '24.11.1'])(
    'refuses Node.js %s with one line that says what to do, and exits 2',
    (version) => {
      const { status, stdout, stderr } = start(process.execPath, pretending(version))
      expect(stderr).toMatch(helpfulLine(version))
      expect(stdout).toBe('')
      expect(status).toBe(2)
    },
  )

  it.runIf(oldNode)('refuses a really old Node.js the same way', () => {
    const { path, version } = oldNode ?? { path: '', version: '' }
    const { status, stdout, stderr } = start(path, [])
    expect(stderr).toMatch(helpfulLine(version))
    expect(stdout).toBe('')
    expect(status).toBe(2)
  })

  it.each(['24.12.0', '24.21.0', '26.0.0', '100.0.0'])('does not refuse Node.js %s', (version) => {
    expect(start(process.execPath, pretending(version)).stderr).not.toContain('needs Node.js')
  })
})

function helpfulLine(version: string): RegExp {
  return new RegExp(
    String.raw`^evergrant needs Node\.js 24\.12 or newer, but this is ${version.replaceAll('.', String.raw`\.`)}: [^\n]+npm ci[^\n]+\n$`,
  )
}

/** Node.js options that make the process believe it is another version. */
function pretending(version: string): readonly string[] {
  const versions = `{ ...process.versions, node: '${version}' }`
  const script = `Object.defineProperty(process, 'versions', { value: ${versions} })`
  return ['--import', `data:text/javascript,${encodeURIComponent(script)}`]
}

function start(
  node: string,
  options: readonly string[],
): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  return spawnSync(node, [...options, shim, '--version'], { encoding: 'utf8', timeout: 20_000 })
}

/** A Node.js on the path, outside any checkout's tools, that is too old. */
function findOldNode(): { readonly path: string; readonly version: string } | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, 'node')
    if (folder.includes('node_modules') || !existsSync(path)) continue
    const version = execFileSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim()
    if (Number(version.split('.')[0]) < 24) return { path, version }
  }
  return undefined
}
