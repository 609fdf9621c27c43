import { expect, it } from 'vitest'
import { clearCookie, setCookie } from './console-cookie.ts'

it('is held to this host, https and every path by its name', () => {
  const set = setCookie('session', 'https://evergrant.example', 'secret', 60_500)
  expect(set).toBe(
    '__Host-evergrant-console=secret; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=60',
  )
  expect(clearCookie('sign-in', 'https://evergrant.example')).toBe(
    '__Host-evergrant-sign-in=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0',
  )
})

it('is plain on this machine, where there is no https', () => {
  expect(setCookie('session', 'http://localhost:8420', 'secret', 1_000)).toBe(
    'evergrant-console=secret; Path=/; HttpOnly; SameSite=Lax; Max-Age=1',
  )
})
