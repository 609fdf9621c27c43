import type { ConnectionPause, ConnectionStore } from '../grants/index.ts'

const pageSize = 500

/** Reads every pause, page by page: one that was passed over would let a paused connection serve. */
export async function readPauses(
  store: Pick<ConnectionStore, 'listPauses'>,
): Promise<readonly ConnectionPause[]> {
  const pauses: ConnectionPause[] = []
  for (;;) {
    const afterName = pauses.at(-1)?.connection
    const page = await store.listPauses({
      limit: pageSize,
      ...(afterName === undefined ? {} : { afterName }),
    })
    pauses.push(...page)
    if (page.length < pageSize) return pauses
  }
}
