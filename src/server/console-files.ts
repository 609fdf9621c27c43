import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

/** One file of the built console. */
export interface ConsoleFile {
  readonly type: string
  readonly etag: string
  readonly bytes: Buffer
  /** The same, compressed; absent where that is no gain. */
  readonly compressed?: Buffer
  /** Its name changes with its content. */
  readonly isImmutable: boolean
}

/** The built console. */
export interface ConsoleFiles {
  /** The page, its nonce to be put in. */
  readonly page: string
  /** Everything else, by the path below `/console/`. */
  readonly files: ReadonlyMap<string, ConsoleFile>
}

const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.png': 'image/png',
}

/** Where the build leaves it: at the same place from `src/` and from `dist/`. */
const builtAt = new URL('../../console/dist/', import.meta.url)

/**
 * Reads the built console into memory, once; so that no request names a file of the disk. Undefined
 * when it was not built, as in a checkout whose install was told to run no scripts.
 */
export async function readConsoleFiles(at: URL = builtAt): Promise<ConsoleFiles | undefined> {
  let names: readonly string[]
  try {
    names = await readdir(at, { recursive: true })
  } catch {
    return undefined
  }
  if (!names.includes('index.html')) return undefined
  const page = await readFile(new URL('index.html', at), 'utf8')
  const files = new Map<string, ConsoleFile>()
  for (const name of names) {
    const type = types[extname(name)]
    if (type === undefined) continue
    const bytes = await readFile(new URL(name, at))
    const compressed = await promisify(gzip)(bytes)
    files.set(name, {
      type,
      bytes,
      etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
      isImmutable: name.startsWith('assets/'),
      ...(compressed.length < bytes.length * 0.9 ? { compressed } : {}),
    })
  }
  return { page, files }
}
