/** The counters of a run that has done nothing yet. */
export { noTotals } from '../../src/store/rows/run-row.ts'
