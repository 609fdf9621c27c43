import { basename, delimiter, dirname, isAbsolute, relative, resolve } from 'node:path'
import type { CliIo } from './io.ts'

/**
 * The words by which a command of this program is called from the shell that started it, for
 * commands that are printed to be pasted: `evergrant`, `npx evergrant`, or a path. npm puts the
 * program on the PATH of what it starts, not on that of the shell.
 */
export function callAgain({ cwd, env, launch }: Pick<CliIo, 'cwd' | 'env' | 'launch'>): string {
  const { node = 'node', script = '' } = launch ?? {}
  if (script === '') return 'evergrant'
  const isInstalled = /[\\/]node_modules[\\/]/.test(script)
  const isForOnce = /[\\/]_npx[\\/]/.test(script)
  const isKnownToNpx = (isInstalled && !isForOnce) || env['npm_package_name'] === 'evergrant'
  if (env['npm_command'] !== undefined && isKnownToNpx) return 'npx evergrant'
  const path = pathFrom(cwd, script)
  if (/\.[jt]s$/.test(script)) return `${shellWord(node)} ${shellWord(path)}`
  if (!isForOnce && isOnPath(dirname(script), cwd, env['PATH'] ?? ''))
    return shellWord(basename(script))
  return shellWord(/[\\/]/.test(path) ? path : `./${path}`)
}

/** Relative where that leads down from here. */
function pathFrom(cwd: string, script: string): string {
  const path = relative(cwd, script)
  return path.startsWith('..') || isAbsolute(path) ? script : path
}

function isOnPath(folder: string, cwd: string, path: string): boolean {
  return path.split(delimiter).some((one) => one !== '' && resolve(cwd, one) === folder)
}

/**
 * The option that names the configuration again, with a space in front; nothing for the usual
 * place.
 */
export function configAgain({ config }: { readonly config?: string | undefined }): string {
  return config === undefined ? '' : ` --config ${shellWord(config)}`
}

/** A text as the shell takes it for one word. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./\\-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
