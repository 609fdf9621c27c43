/** Whoever has done nothing for so long is taken to be away (ms). */
const awayAfterMs = 60_000

let lastSeenAt = Date.now()

/** Notices that somebody is there: by hand or key, not by what the page does itself. */
export function watchPresence(target: EventTarget): void {
  const note = (): void => {
    lastSeenAt = Date.now()
  }
  for (const type of ['pointerdown', 'keydown', 'wheel']) {
    target.addEventListener(type, note, { passive: true, capture: true })
  }
}

/**
 * Headers of a request that the page makes by itself while nobody is there: it must not keep the
 * session of somebody who left from ending.
 */
export function presenceHeaders(): Readonly<Record<string, string>> {
  return Date.now() - lastSeenAt < awayAfterMs ? {} : { 'evergrant-background': '1' }
}
