import { expect, it } from 'vitest'
import { maskOwnSecrets } from './mask-own-secrets.ts'

it.each([
  ['/hooks/egk_0123456789abcdef_planted/x', '/hooks/egk_…/x'],
  ['/t/eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.c2ln/x', '/t/[redacted]/x'],
  ['/t/eyJhbGciOiJub25lIn0', '/t/[redacted]'],
  ['/egg_salad/keyJar/eyJ', '/egg_salad/keyJar/eyJ'],
  ['/v1.0/users', '/v1.0/users'],
])('%s', (path, masked) => {
  expect(maskOwnSecrets(path)).toBe(masked)
})
