import type { WalkRecord } from './ports.ts'

/** Rows that a walk has brought, those left out that other walks of the run had brought before. */
export function countedRows({ repeats = 0, rows }: Pick<WalkRecord, 'repeats' | 'rows'>): number {
  return Math.max(rows - repeats, 0)
}
