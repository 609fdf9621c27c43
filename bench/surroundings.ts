import { execFile } from 'node:child_process'
import { readFile, statfs } from 'node:fs/promises'
import { availableParallelism, cpus, release, tmpdir, totalmem, type } from 'node:os'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = new URL('..', import.meta.url)
const peers = [
  '@azure/identity',
  '@azure/msal-node',
  '@microsoft/microsoft-graph-client',
  'jose',
  'fast-jwt',
  'aws-jwt-verify',
]
/** Names of file systems by their magic number, as in statfs(2). */
const fileSystems: Readonly<Record<number, string>> = {
  0xef53: 'ext4',
  0x58465342: 'xfs',
  0x9123683e: 'btrfs',
  0x01021994: 'tmpfs',
  0x794c7630: 'overlayfs',
}

/** What a measurement depends on besides the code: the machine and the versions. Names nobody. */
export async function describeSurroundings(): Promise<readonly string[]> {
  const { type: magic } = await statfs(tmpdir())
  const versions = await Promise.all(peers.map(async (name) => `${name} ${await versionOf(name)}`))
  const gibibytes = Math.round(totalmem() / 2 ** 30)
  return [
    `date: ${new Date().toISOString().slice(0, 16)}Z`,
    `machine: ${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${availableParallelism()} cores, ${gibibytes} GiB, ${type()} ${release()}, ${fileSystems[magic] ?? 'another file system'} for the files`,
    `evergrant: ${await commit()}`,
    `node: ${process.version}`,
    `peers: ${versions.join(', ')}`,
  ]
}

async function versionOf(name: string): Promise<string> {
  const text = await readFile(new URL(`node_modules/${name}/package.json`, root), 'utf8')
  return (JSON.parse(text) as { readonly version: string }).version
}

async function commit(): Promise<string> {
  const git = async (...args: string[]): Promise<string> =>
    (await run('git', args, { cwd: root, timeout: 10_000 })).stdout.trim()
  try {
    const hash = await git('rev-parse', '--short', 'HEAD')
    const changes = await git('status', '--porcelain', '--', 'src', 'bench', 'package-lock.json')
    return changes === '' ? hash : `${hash} with changes not committed`
  } catch {
    return 'outside of a repository'
  }
}
