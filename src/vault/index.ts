export { generateKey, readKey } from './key.ts'
export type { VaultKey } from './key.ts'
export { createVault } from './vault.ts'
export type { SealPlace, Vault, VerifiedCheck } from './vault.ts'
