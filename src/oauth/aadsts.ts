import { findEntraRemedy, type NumberedRemedy } from '../kernel/index.ts'

/** What Evergrant knows of a group of AADSTS codes. */
export type AadstsHint = NumberedRemedy

/**
 * Returns what is known of the first listed code that is known at all. Microsoft reserves the right
 * to change its numbers and does, so they choose words and pace; the outcome itself comes from
 * status, `error`, `suberror` and `claims`. Transient numbers are the one exception: they arrive
 * under ordinary 4xx errors. The words stand in the kernel’s catalogue, which every place that
 * shows an error reads.
 */
export function findAadstsHint(codes: readonly number[]): AadstsHint | undefined {
  return findEntraRemedy(codes)
}
