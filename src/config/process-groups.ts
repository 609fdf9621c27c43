const groups = new Set<number>()
const fatalSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Keeps an eye on a process group, so that it does not outlive this process: it is killed when this
 * process exits, and when a signal ends it that nobody else handles. The returned function kills
 * the group now and forgets it; idempotent.
 *
 * @param leader Process id of the group’s leader.
 */
export function guardGroup(leader: number): () => void {
  if (groups.size === 0) watch()
  groups.add(leader)
  return () => {
    if (!groups.delete(leader)) return
    killGroup(leader)
    if (groups.size === 0) unwatch()
  }
}

function watch(): void {
  process.on('exit', killAll)
  for (const signal of fatalSignals) process.on(signal, onSignal)
}

function unwatch(): void {
  process.off('exit', killAll)
  for (const signal of fatalSignals) process.off(signal, onSignal)
}

function killAll(): void {
  for (const leader of groups) killGroup(leader)
}

/** Where others listen, they decide what becomes of this process, and commands keep their deadline. */
function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return
  killAll()
  unwatch()
  process.kill(process.pid, signal)
}

function killGroup(leader: number): void {
  try {
    process.kill(process.platform === 'win32' ? leader : -leader, 'SIGKILL')
  } catch {
    // Nothing of it is left.
  }
}
