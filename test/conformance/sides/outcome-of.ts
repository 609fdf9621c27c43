import type { Outcome } from '../attack.ts'

/** What a peer said: it resolves with the claims, or rejects. Whatever else it throws has no code. */
export async function outcomeOf(
  verify: () => Promise<unknown>,
  codeOf: (error: unknown) => string | undefined,
): Promise<Outcome> {
  try {
    await verify()
    return { kind: 'accepted' }
  } catch (error) {
    const name = error instanceof Error ? error.constructor.name : typeof error
    return { kind: 'refused', code: codeOf(error) ?? name }
  }
}
