/**
 * The door for APIs that accept access tokens their callers already hold.
 *
 * @module evergrant/bearer
 */
export { createBearer } from './server/index.ts'
export type {
  Bearer,
  BearerOptions,
  BearerRefusal,
  BearerRequirement,
  ExpressMiddleware,
  HonoMiddleware,
} from './server/index.ts'
export type { Identified, Identity, IdentityRefusal } from './identity/index.ts'
