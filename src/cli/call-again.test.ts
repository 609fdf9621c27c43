import { describe, expect, it } from 'vitest'
import { callAgain } from './call-again.ts'

const cwd = '/home/ada/work'
const local = `${cwd}/node_modules/.bin/evergrant`
const called = (
  script: string,
  env: Readonly<Record<string, string>> = {},
  node = 'node',
): string => callAgain({ cwd, env, launch: { node, script } })

describe('a command to be pasted begins', () => {
  it('with the name of the program where it is on the PATH', () => {
    const PATH = '/usr/bin:/opt/tools/bin/'
    expect(called('/opt/tools/bin/evergrant', { PATH })).toBe('evergrant')
    expect(called(local, { PATH: `${cwd}/node_modules/.bin:/usr/bin` })).toBe('evergrant')
  })

  it('with its name where nothing tells how it was started', () => {
    expect(callAgain({ cwd, env: {} })).toBe('evergrant')
    expect(called('')).toBe('evergrant')
  })

  it.each([
    ['npx', { npm_command: 'exec', npm_lifecycle_event: 'npx' }],
    ['a script of npm', { npm_command: 'run', npm_lifecycle_event: 'import' }],
  ])('with npx where it was started by %s, which alone has it on the PATH', (_what, env) => {
    const PATH = `${cwd}/node_modules/.bin:/usr/bin`
    expect(called(local, { ...env, PATH })).toBe('npx evergrant')
    const shim = `${cwd}/node_modules/evergrant/bin/evergrant.js`
    expect(called(shim, { ...env, PATH })).toBe('npx evergrant')
  })

  it('with npx where a script of the checkout itself started it', () => {
    const env = { npm_command: 'run-script', npm_package_name: 'evergrant' }
    expect(called(`${cwd}/bin/evergrant.js`, env)).toBe('npx evergrant')
  })

  it('with the path where a script of npm started one that npx would look for in vain', () => {
    const env = { npm_command: 'run', npm_package_name: 'another', PATH: '/opt/tools/bin' }
    expect(called('/opt/evergrant/bin/evergrant.js', env)).toBe(
      'node /opt/evergrant/bin/evergrant.js',
    )
    expect(called('/opt/tools/bin/evergrant', env)).toBe('evergrant')
  })

  it('with the path where npx had unpacked it for this once, lest it ask the registry', () => {
    const script = '/home/ada/.npm/_npx/5f1c/node_modules/.bin/evergrant'
    const PATH = '/home/ada/.npm/_npx/5f1c/node_modules/.bin:/usr/bin'
    expect(called(script, { npm_command: 'exec', PATH })).toBe(script)
  })

  it('with Node.js, as it was called, and the path where that is how it was started', () => {
    expect(called(`${cwd}/bin/evergrant.js`)).toBe('node bin/evergrant.js')
    expect(called('/home/ada/eg/bin/evergrant.js')).toBe('node /home/ada/eg/bin/evergrant.js')
    expect(called(`${cwd}/src/cli/main.ts`, {}, '/opt/node24/bin/node')).toBe(
      '/opt/node24/bin/node src/cli/main.ts',
    )
  })

  it('with the path where the program is not on the PATH, never as a bare name', () => {
    expect(called(local, { PATH: '/usr/bin' })).toBe('node_modules/.bin/evergrant')
    expect(called(`${cwd}/evergrant`)).toBe('./evergrant')
    expect(called('/opt/evergrant')).toBe('/opt/evergrant')
  })

  it('with a path that the shell takes for one word', () => {
    expect(called("/opt/ada's tools/evergrant.js")).toBe(
      String.raw`node '/opt/ada'\''s tools/evergrant.js'`,
    )
  })
})
