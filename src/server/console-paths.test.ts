import { expect, it } from 'vitest'
import { localReturn } from './console-paths.ts'

const base = 'https://evergrant.example'

it.each([
  '//evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  'https://evil.example/console/',
  'javascript:alert(1)',
  '/console/../evil',
  '/console/..%2f..%2f',
  '/console/\\..\\..\\evil',
  '/console/sign-in',
  '/console/sign-in/link/x',
  '/api/v1/connections',
  '/consoleevil',
  '%2f%2fevil.example',
  '/console/\n//evil.example',
  '',
  undefined,
  ['/console/alarms'],
  `/console/${'x'.repeat(1_000)}`,
])('leads nowhere but into the console: %j', (asked) => {
  const { origin, pathname } = new URL(localReturn(asked), base)
  expect(origin).toBe(base)
  expect(pathname).toMatch(/^\/console\/(?!sign-in)/)
  expect(localReturn(asked)).toMatch(/^\/console\//)
})

it.each(['/console/', '/console/alarms?all=true#first', '/console/connections/csp'])(
  'leads where somebody was: %s',
  (asked) => expect(localReturn(asked)).toBe(asked),
)
