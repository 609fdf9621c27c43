import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { signToken } from '../support/token-maker.ts'
import type { Attack, Outcome } from './attack.ts'
import { attackTable } from './attack-table.ts'
import { attacks } from './attacks.ts'
import { createForge, encode, otherTid } from './forge.ts'
import { isRight, playOnOurs, playOnPeer } from './play.ts'
import { peers } from './sides/peers.ts'

const forge = createForge()
const root = join(import.meta.dirname, '../..')

/** What an attack has to end as, in one text. */
function expected({ right }: Attack): string {
  if (right.kind === 'refused') return right.verdict
  return right.kind === 'requests' ? `${right.atMost} requests at most` : 'accepted'
}

/** What it ended as, in the same text. */
function describeEnd(outcome: Outcome, verdict: string): string {
  if (outcome.kind === 'refused') return outcome.code
  return outcome.kind === 'requests' ? verdict : 'accepted'
}

describe('a token with', () => {
  // Each is judged anew, from memory and without any, and no refusal may repeat a part of it
  // (`sides/evergrant.ts`).
  it.each(attacks.map((attack) => [attack.row, attack.what, expected(attack), attack] as const))(
    '(row %i) %s has to end as %s',
    async (_row, _what, verdict, attack) => {
      const outcome = await playOnOurs(attack, forge)
      expect(isRight(attack, outcome) ? describeEnd(outcome, verdict) : outcome).toBe(verdict)
    },
  )

  /** One fault for each stage, in their order. */
  const faults: readonly (readonly [code: string, make: FaultMaker])[] = [
    ['token_malformed', ({ header }) => ({ header: { crit: ['x'], ...header } })],
    ['token_issuer_unknown', () => ({ claims: { iss: 'https://evil.example/' } })],
    ['token_algorithm_refused', () => ({ header: { alg: 'HS256' } })],
    ['token_key_unknown', () => ({ header: { kid: 'x' } })],
    ['token_signature_invalid', () => ({ isForged: true })],
    ['token_time_invalid', () => ({ claims: { exp: 'never' } })],
    ['token_expired', ({ now }) => ({ claims: { exp: now - 90, iat: now - 99, nbf: now - 99 } })],
    ['token_audience_refused', () => ({ claims: { aud: 'api://invoices' } })],
    ['token_tenant_refused', () => ({ claims: { tid: otherTid } })],
    ['token_kind_wrong', () => ({ claims: { at_hash: 'x' } })],
  ]
  interface Fault {
    readonly claims?: object
    readonly header?: Readonly<Record<string, unknown>>
    readonly isForged?: boolean
  }
  type FaultMaker = (given: { now: number; header: object }) => Fault

  const pairs = faults.flatMap(([earlier, first], at) =>
    faults
      .slice(at + 1)
      // A token cannot both be out of date and have no readable date.
      .filter(([later]) => !(earlier === 'token_time_invalid' && later === 'token_expired'))
      .map(([later, second]) => [earlier, later, first, second] as const),
  )
  it.each(pairs)(
    '%s and %s is told the earliest of two faults, and nothing of the later',
    async (earlier, later, first, second) => {
      const given = { now: forge.now, header: {} }
      const [one, other] = [first(given), second(given)]
      const key = one.isForged || other.isForged ? forge.keys.stranger : forge.keys.ours
      const token = signToken(key, forge.claims({ ...other.claims, ...one.claims }), {
        ...other.header,
        ...one.header,
      })
      const attack: Attack = {
        row: 39,
        what: '',
        right: { kind: 'refused', verdict: '' },
        play: ({ verify }) => verify(token),
      }
      const outcome = await playOnOurs(attack, forge)
      const told = outcome.kind === 'refused' ? outcome.code.replace(/^.*: /, '') : outcome.kind
      expect(told).toBe(earlier)
      expect(told).not.toBe(later)
    },
  )
})

describe('the table of attacks', () => {
  it('has every row once, and a proof for each', () => {
    expect(attackTable.map(({ row }) => row)).toEqual(Array.from({ length: 42 }, (_, at) => at + 1))
    const bare = attackTable.filter(
      ({ row, proofs = [] }) =>
        !attacks.some((attack) => attack.row === row) && proofs.length === 0,
    )
    expect(bare).toEqual([])
  })

  it('names tests that are there', () => {
    const missing = attackTable
      .flatMap(({ proofs = [] }) => proofs)
      .filter(({ file, test }) => {
        const path = join(root, file)
        return !existsSync(path) || !readFileSync(path, 'utf8').includes(test)
      })
    expect(missing).toEqual([])
  })
})

describe('every verifier', () => {
  // Else a refusal would only say that it was set up wrongly. PS256 is left out by one of them.
  const honest = attacks.filter(({ row, what }) => row === 0 && what !== 'PS256')
  const setups = peers.flatMap(({ name, documented, tightened, keeping }) =>
    [documented, tightened, keeping].flatMap((setup) =>
      setup === undefined ? [] : [[`${name}, ${setup.by}`, setup] as const],
    ),
  )
  it.each(setups)('accepts honest tokens: %s', async (_, setup) => {
    expect(honest).not.toEqual([])
    for (const attack of honest) {
      expect(await playOnPeer(attack, forge, setup)).toEqual({ kind: 'accepted' })
    }
    const unsigned: Attack = {
      row: 1,
      what: '',
      right: { kind: 'refused', verdict: '' },
      play: ({ verify }) => verify(`${encode({ alg: 'none' })}.${encode(forge.claims())}.`),
    }
    expect(await playOnPeer(unsigned, forge, setup)).toMatchObject({ kind: 'refused' })
  })
})
