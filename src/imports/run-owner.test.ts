import { expect, test } from 'vitest'
import type { RunRecord } from './ports.ts'
import { ownerOf, type ProcessIdentity } from '../kernel/index.ts'
import { isDriven, ownerLeaseMs } from './run-owner.ts'

const identity: ProcessIdentity = {
  bootId: 'boot',
  pidNamespace: 'pid:[1]',
  pid: 7,
  processStart: '100',
  startOf: (pid) => (pid === 7 ? '100' : undefined),
}
const now = 1_700_000_000_000

function run(owner: Partial<ProcessIdentity>, heartbeatAt: number): RunRecord {
  const record: Partial<RunRecord> = {
    state: 'running',
    owner: ownerOf({ ...identity, ...owner }, 'ins_1'),
    heartbeatAt,
  }
  return record as RunRecord
}

test.each([
  ['whose process is gone', { pid: 8 }, now, false],
  ['whose pid belongs to another process now', { processStart: '99' }, now, false],
  ['of before the reboot, its beat fresh', { bootId: 'earlier' }, now - 1, true],
  ['of before the reboot, its lease over', { bootId: 'earlier' }, now - ownerLeaseMs, false],
  ['of before the reboot, its beat in the future', { bootId: 'earlier' }, now + 3_600_000, false],
  ['of another container', { pidNamespace: 'pid:[2]' }, now - 1, true],
  ['that lives and beats', {}, now - 1, true],
  ['that lives, but has not beaten for a lease', {}, now - ownerLeaseMs, false],
] as const)('a run %s', (_what, owner, heartbeatAt, expected) => {
  expect(isDriven(run(owner, heartbeatAt), identity, now)).toBe(expected)
})
