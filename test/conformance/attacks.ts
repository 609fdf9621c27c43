import type { Attack } from './attack.ts'
import { claimAttacks } from './claim-attacks.ts'
import { readingAttacks } from './reading-attacks.ts'
import { scenarioAttacks } from './scenario-attacks.ts'
import { signatureAttacks } from './signature-attacks.ts'

/** Every attack that is played, in the order of their rows. */
export const attacks: readonly Attack[] = [
  ...signatureAttacks,
  ...readingAttacks,
  ...claimAttacks,
  ...scenarioAttacks,
]
