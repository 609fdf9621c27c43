/**
 * The instance of Evergrant that holds something: a run, a flight, an intent. Stored beside what it
 * holds, so that others can tell whether it still lives.
 */
export interface ProcessOwner {
  readonly bootId: string
  readonly pidNamespace: string
  readonly pid: number
  /** When the process started, in the unit the platform gives; only equality matters. */
  readonly processStart: string
  /** Unique for every composition of the engine, even within one process. */
  readonly instanceId: string
}

/** What a process knows of itself and its neighbours; made where the process begins. */
export interface ProcessIdentity {
  readonly bootId: string
  readonly pidNamespace: string
  readonly pid: number
  readonly processStart: string
  /**
   * The start of a process in this namespace: undefined when there is none of that pid, empty when
   * there is one that hides it (`hidepid`, systemd's `ProtectProc`).
   */
  startOf(pid: number): string | undefined
}

/** Makes the owner that an instance in this process is. */
export function ownerOf(identity: ProcessIdentity, instanceId: string): ProcessOwner {
  const { bootId, pidNamespace, pid, processStart } = identity
  return { bootId, pidNamespace, pid, processStart, instanceId }
}

/**
 * Tells whether an owner is certainly gone. That can be seen only where its processes are visible
 * (same boot, same pid namespace, and nothing hidden); of any other owner it is false, and its
 * lease decides.
 */
export function isCertainlyGone(owner: ProcessOwner, identity: ProcessIdentity): boolean {
  const isVisible =
    identity.bootId !== '' &&
    identity.pidNamespace !== '' &&
    owner.bootId === identity.bootId &&
    owner.pidNamespace === identity.pidNamespace
  if (!isVisible) return false
  const start = identity.startOf(owner.pid)
  if (start === undefined) return true
  return start !== '' && owner.processStart !== '' && start !== owner.processStart
}
