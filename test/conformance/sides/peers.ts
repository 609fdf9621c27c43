import type { Side } from '../attack.ts'
import { awsJwtVerifySide } from './aws-jwt-verify.ts'
import { fastJwtSide } from './fast-jwt.ts'
import { joseSide } from './jose.ts'

/** The verifiers that are shown beside ours. */
export const peers: readonly Side[] = [joseSide, fastJwtSide, awsJwtVerifySide]
