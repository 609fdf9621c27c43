import { expect, it } from 'vitest'
import {
  assertByteReading,
  assertJsonReading,
  assertKeyReading,
  assertSignatures,
  assertTokenReading,
  type Effort,
} from '../conformance/fuzz-properties.ts'

/** `SEED=… npm run soak` repeats a soak; without it each is another. */
const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
/** How long each property is tried (seconds). */
const seconds = Number(process.env['FUZZ_SECONDS'] ?? 120)

const properties: Readonly<Record<string, (effort: Effort) => void | Promise<void>>> = {
  'JSON with names that come twice': assertJsonReading,
  'bytes that are no JSON': assertByteReading,
  'texts that are no token': assertTokenReading,
  'tokens that were changed': assertSignatures,
  'documents that are no keys': assertKeyReading,
}

it.each(Object.entries(properties))(
  `${seconds} seconds of %s: nothing throws, nothing is accepted that must not be (SEED=${seed})`,
  async (_, assertProperty) => {
    expect(seconds).toBeGreaterThan(0)
    await assertProperty({ seed, numRuns: 100_000_000, interruptAfterTimeLimit: seconds * 1_000 })
  },
)
