import { buildConsole } from '../../tools/console-build.ts'

/** Builds the console when it is older than what it is built from: the browser sees what is written. */
export async function setup(): Promise<void> {
  const { passed, output } = await buildConsole()
  if (!passed) throw new Error(`the console cannot be built:\n${output}`)
}
