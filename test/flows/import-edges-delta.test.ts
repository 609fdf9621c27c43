import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EvergrantError } from '../../src/kernel/index.ts'
import type { Composition } from '../../src/server/index.ts'
import { createSkippingClock } from '../support/skipping-clock.ts'
import { expectedRows, sqliteRows, type Snapshot } from '../support/snapshots.ts'
import {
  makeWorkspace,
  runImport,
  type ImportOutcome,
  type ImportSetup,
  type Workspace,
} from '../support/workspace.ts'

const collections = ['members'] as const

let workspace: Workspace
beforeEach(async () => {
  workspace = await makeWorkspace({ users: 500, groups: { count: 60, giantSize: 350 } })
})
afterEach(() => workspace.close())

const whole = (setup: ImportSetup = {}): Promise<ImportOutcome> =>
  runImport(workspace, { collections, ...setup })
const changes = (setup: ImportSetup = {}): Promise<ImportOutcome> =>
  whole({ ...setup, options: { delta: true, ...setup.options } })
const groupIds = (): string[] => [...workspace.simulator.groups()].map(({ id }) => String(id))
const membersOf = (group: string): string[] =>
  [...workspace.simulator.edges()].flatMap((e) => (e.groupId === group ? [e.memberId] : []))
const truth = (): Snapshot => expectedRows(workspace.simulator, 'members')
const rows = (to = 'store'): Promise<Snapshot> =>
  sqliteRows(workspace.path(to === 'store' ? 'evergrant.db' : 'edges.db'), 'members')

let seed = 7
function random(below: number): number {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
  return Math.floor((seed / 2_147_483_648) * below)
}

/** Members come, go and come back; users who are members are deleted; groups come and go. */
function stir(): void {
  const { control } = workspace.simulator
  const users = [...workspace.simulator.users()].map(({ id }) => String(id))
  for (let i = 0; i < 25; i++) {
    const groups = groupIds()
    const group = groups[random(groups.length)] ?? ''
    const inside = membersOf(group)
    const other = users[random(users.length)] ?? ''
    const [leaving] = inside.filter((id) => users.includes(id) || groups.includes(id))
    if (i % 5 === 0 && leaving !== undefined) control.removeMember(group, leaving)
    else if (!inside.includes(other)) control.addMember(group, other)
    else control.removeMember(group, other)
  }
  const [member = ''] = membersOf(groupIds()[0] ?? '').filter((id) => users.includes(id))
  control.deleteUser(member)
  const [doomed = '', back = ''] = groupIds().slice(-2)
  control.deleteGroup(doomed)
  control.deleteGroup(back)
  control.restoreGroup(back)
}

describe.each(['store', 'sqlite:edges.db'])('changes of members to %s', (to) => {
  test('end in what the directory holds, without a list of groups, again and again', async () => {
    await whole({ to })
    for (const repeats of [0, 1, 3]) {
      workspace.simulator.control.setDeltas({ pageSize: 5, repeats })
      stir()
      const { run, lines } = await changes({ to })
      expect(run).toMatchObject({ state: 'completed', verdict: 'complete' })
      expect(lines('changes_lost')).toEqual([])
      expect(lines('changes_applied')).toHaveLength(1)
      expect(lines('page_committed')).toEqual([])
      expect(await rows(to)).toEqual(truth())
    }
    const { run } = await changes({ to })
    expect(run.totals).toMatchObject({ rows: 0, deleted: 0 })
    expect(run.totals.requests).toBeLessThan(5)
  })

  test('that die at any commit go on, and what changes meanwhile is told as well', async () => {
    await whole({ to })
    workspace.simulator.control.setDeltas({ pageSize: 5, repeats: 1 })
    stir()
    let commits = 0
    let deaths = 0
    const dies = ({ store }: Composition): void => {
      const { commitPage } = store.runs
      let alive = ++deaths
      const dying: typeof commitPage = async (commit) => {
        const killed = new EvergrantError('import_interrupted', 'killed')
        const isLost = commits++ % 2 === 0
        if (--alive <= 0 && isLost) throw killed
        const outcome = await commitPage(commit)
        if (alive <= 0) throw killed
        return outcome
      }
      Object.assign(store.runs, { commitPage: dying })
    }
    const clock = createSkippingClock()
    let { end } = await changes({ to, clock, before: dies })
    for (let i = 0; i < 40 && end.state === 'interrupted'; i++) {
      clock.skip(31_000)
      if (i === 2) stir()
      ;({ end } = await changes({ to, clock, before: dies }))
    }
    expect(deaths).toBeGreaterThan(4)
    expect(end).toMatchObject({ state: 'completed', verdict: 'complete' })
    // What happened after the last page of the round is told by the next.
    await changes({ to, clock })
    expect(await rows(to)).toEqual(truth())
  })

  test('are read whole when Graph has reset the delta, and told again from there on', async () => {
    await whole({ to })
    const [first = ''] = groupIds()
    const { control } = workspace.simulator
    control.deleteUser(membersOf(first)[0] ?? '')
    control.resetDeltas({ style: 'gone' })
    const reset = await changes({ to })
    expect(reset.lines('changes_lost')).toMatchObject([{ detail: expect.any(String) }])
    expect(reset.run.verdict).toBe('complete')
    expect(await rows(to)).toEqual(truth())
    // The run that read everything has left a link.
    stir()
    expect((await changes({ to })).lines('changes_applied')).toHaveLength(1)
    expect(await rows(to)).toEqual(truth())
  })
})
