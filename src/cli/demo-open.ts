import { spawn } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { consoleLinkUrl, type Serving } from '../server/index.ts'
import type { Simulator } from '../simulator/index.ts'
import type { CliContext } from './context.ts'
import { demoApi } from './demo-gateway.ts'
import { startDemoService } from './demo-service.ts'

/** Between two calls of the demo’s caller (ms). */
const callEveryMs = 1_500
/** After so many calls every token dies, so that there is something to see. */
const callsToDeath = 12
/** How long the link into the console is good for (ms). */
const linkMs = 30 * 60_000

/** What the demo’s caller calls, in turn. */
const paths = [
  '/proxy/contoso-graph/v1.0/users?$top=5&$select=id,displayName',
  `/proxy/${demoApi}/subscriptions?api-version=2022-12-01`,
  '/proxy/contoso-graph/v1.0/groups?$top=5',
] as const

/**
 * Leaves the service running with its simulated tenant, a caller that goes on calling, and tokens
 * that go on dying; prints a link into the console, and asks the desktop to open it. Ends with the
 * signal that ends the command.
 */
export async function leaveOpen(
  { io }: CliContext,
  simulator: Simulator,
  configPath: string,
): Promise<void> {
  const serving = await startDemoService(io, configPath)
  const stop = new AbortController()
  const page = join(dirname(configPath), 'open-console.html')
  const release = io.onInterrupt(() => stop.abort())
  const calling = keepCalling(serving, simulator, stop.signal)
  try {
    const { token } = await serving.console.makeLink({
      name: 'demo',
      role: 'admin',
      lifeMs: linkMs,
      by: 'evergrant demo',
    })
    const url = consoleLinkUrl(serving.publicUrl, token.reveal())
    io.out(`
The console, with what the demo left and a caller that goes on calling. Signs in once, as an admin:

  ${url}

Ctrl-C ends it.
`)
    await writeFile(page, leadingTo(url), { mode: 0o600 })
    askDesktop(page)
    await Promise.race([calling, ended(stop.signal)])
  } finally {
    stop.abort()
    await calling.catch(() => {})
    release()
    await rm(page, { force: true })
    await serving.close(0)
  }
}

async function keepCalling(
  { callerDesk, composition, url }: Serving,
  { control }: Simulator,
  signal: AbortSignal,
): Promise<void> {
  const { key } = await callerDesk.add({
    name: `demo-${composition.clock.now()}`,
    connections: ['contoso-graph', demoApi],
  })
  for (let count = 1; !signal.aborted; count++) {
    const path = paths[count % paths.length] ?? paths[0]
    const answer = await composition.fetch(`${url}${path}`, {
      headers: { authorization: `Bearer ${key.reveal()}` },
    })
    await answer.arrayBuffer()
    if (count % callsToDeath === 0) control.revokeTokens()
    // The signal ends the wait, and with it the loop.
    await composition.clock.sleep(callEveryMs, { signal }).catch(() => {})
  }
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

const openers: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  linux: ['xdg-open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
}

/** A page that leads on at once: the link itself would stand in the list of processes. */
function leadingTo(url: string): string {
  return `<!doctype html><meta charset="utf-8"><title>Evergrant</title>
<meta http-equiv="refresh" content="0; url=${url}"><a href="${url}">To the console</a>
`
}

/** Asks the desktop to open a page; without one nothing happens, and the address was printed. */
function askDesktop(page: string): void {
  const [command, ...before] = openers[process.platform] ?? []
  if (command === undefined) return
  const child = spawn(command, [...before, page], { stdio: 'ignore', detached: true })
  child.on('error', () => {})
  child.unref()
}
