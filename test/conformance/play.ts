import { mock } from 'node:test'
import type { Attack, Issuer, Outcome, Setup, Subject } from './attack.ts'
import { startAt, type Forge } from './forge.ts'
import { openEvergrant } from './sides/evergrant.ts'

/** Plays an attack on our verifier. */
export async function playOnOurs(attack: Attack, forge: Forge): Promise<Outcome> {
  const issuer = issuerOf(forge)
  const { verify, advance } = openEvergrant(issuer, forge)
  return attack.play({ forge, issuer, verify, advance })
}

/**
 * Plays an attack on a peer. Peers take the time from the process, so the process's is moved
 * meanwhile: one attack at a time.
 */
export async function playOnPeer(attack: Attack, forge: Forge, setup: Setup): Promise<Outcome> {
  mock.timers.enable({ apis: ['Date', 'setTimeout'], now: startAt })
  try {
    const issuer = issuerOf(forge)
    const subject: Subject = setup.open(issuer, forge)
    return await attack.play({
      forge,
      issuer,
      verify: (token) => subject.verify(token),
      advance: async (milliseconds) => mock.timers.tick(milliseconds),
    })
  } finally {
    mock.timers.reset()
  }
}

/** An issuer nobody has asked yet. */
function issuerOf({ published }: Forge): Issuer {
  return { published, isAway: false, requests: 0 }
}

/** Whether it came as it has to. */
export function isRight({ right }: Attack, outcome: Outcome): boolean {
  if (right.kind !== outcome.kind) return false
  return right.kind !== 'requests' || outcome.kind !== 'requests'
    ? true
    : outcome.requests <= right.atMost
}
