import { execFileSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Builds the console when it is older than what it is built from: the browser sees what is written. */
export function setup(): void {
  const newest = Math.max(...['console', 'src/client', 'src/kernel'].flatMap(timesIn))
  const built = statSync(join(root, 'console/dist/index.html'), { throwIfNoEntry: false })
  if (built !== undefined && built.mtimeMs > newest) return
  execFileSync('npm', ['run', '--silent', 'build:console'], { cwd: root, stdio: 'inherit' })
}

function timesIn(folder: string): readonly number[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.startsWith(join(root, 'console/dist')))
    .map(({ parentPath, name }) => statSync(join(parentPath, name)).mtimeMs)
}
