export { explainUnverified } from './explain-token.ts'
export type { ExplainedClaim, ExplainedStage, Explanation } from './explain-token.ts'
export { errorOf } from './refusal.ts'
export type { Refusal, Stage } from './refusal.ts'
