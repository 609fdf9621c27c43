import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createManualClock, isEvergrantError, type EvergrantError } from '../kernel/index.ts'
import { createSecretReader, type SecretReader } from './secret-reader.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evergrant-exec-'))
})
afterAll(() => rm(folder, { recursive: true }))

const clock = createManualClock()
const readerWith = (env: Readonly<Record<string, string>> = {}): SecretReader =>
  createSecretReader({
    env: { PATH: process.env['PATH'], ...env },
    readFile: (path) => readFile(path),
    clock,
  })
/** A command that runs a script of Node.js. */
const node = (
  script: string,
  ...args: readonly string[]
): { readonly exec: readonly string[] } => ({
  exec: [process.execPath, '-e', script, '--', ...args],
})
const refusal = async (
  reference: { readonly exec: readonly string[] },
  env: Readonly<Record<string, string>> = {},
): Promise<EvergrantError> => {
  try {
    await readerWith(env).read(reference, 'connections.a.secret')
  } catch (error) {
    if (isEvergrantError(error)) return error
    throw error
  }
  throw new Error('a secret was read')
}

describe('a secret of a command is unavailable', () => {
  it.each<[string, string, string]>([
    ['when it prints nothing', '', 'but it printed nothing'],
    ['when it prints only blanks', 'console.log("  ")', 'but it printed only blanks'],
    ['when it exits with a code', 'process.exit(3)', 'but it exited with 3'],
    [
      'when a signal ends it',
      'process.kill(process.pid, "SIGTERM"); setTimeout(() => {}, 60_000)',
      'but it was ended by SIGTERM',
    ],
    [
      'when it says why',
      'console.error("\\n* permission denied\\nCode: 403"); process.exit(2)',
      'but it exited with 2 and said "* permission denied"',
    ],
    [
      'when it prints no text',
      'process.stdout.write(Buffer.of(0xff))',
      'but what it printed is not text in UTF-8',
    ],
    [
      'when it prints without end',
      'const more = () => process.stdout.write("x".repeat(65_536), more); more()',
      'but it printed more than 65536 bytes and was stopped',
    ],
  ])('%s', async (_, script, seen) => {
    const error = await refusal(node(script, 'argument-of-mine'))
    expect(error.code).toBe('secret_unavailable')
    expect(error.detail).toContain(
      `expected the secret of "connections.a.secret" in the output of the command node, ${seen}`,
    )
    expect(error.remedy).toContain('Run node by hand as this user')
    expect(JSON.stringify([error.message, error.detail])).not.toContain('argument-of-mine')
  })

  it('when there is no such program, in PATH or at its path', async () => {
    const nowhere = await refusal({ exec: ['evergrant-no-such-program', 'planted'] })
    expect(nowhere.detail).toContain('but no folder of PATH has that program')
    const absent = await refusal({ exec: [join(folder, 'absent'), 'planted'] })
    expect(absent.detail).toContain('the command absent, but there is no such program')
    await writeFile(join(folder, 'plain'), 'echo planted', { mode: 0o600 })
    const forbidden = await refusal({ exec: [join(folder, 'plain')] })
    expect(forbidden.detail).toContain('but this user may not run it')
    for (const { message, cause } of [nowhere, absent, forbidden]) {
      expect(message).not.toContain('planted')
      expect(cause).toBeUndefined()
    }
  })

  it('when its arguments are more than the system takes, without repeating them', async () => {
    const error = await refusal({ exec: ['true', 'planted'.repeat(400_000)] })
    expect(error.detail).toMatch(/could not be started: the system said E\w+$/)
  })

  it('and says nothing that may be secret: results, arguments, tokens, URLs, endless lines', async () => {
    const script = `
      process.stdout.write('half-of-the-secret ')
      console.error('got half-of-the-secret for ' + process.argv.at(-1) +
        ' with eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.c2ln and "hvs.CAESIJ1x9q7TzYkLmN0pQrStUvWxYz012" from https://u:pw-planted@vault/v1 ' +
        'x '.repeat(500))
      process.exit(1)`
    const { detail } = await refusal(node(script, 'path/of-mine'))
    expect(detail).toContain('got [redacted] for [redacted] with [redacted] and')
    for (const word of ['half-of', 'of-mine', 'eyJ', 'CAESIJ', 'planted']) {
      expect(detail).not.toContain(word)
    }
    expect(detail.length).toBeLessThan(400)
  })
})

describe('a command that hangs', () => {
  let server: Server
  const sockets: Socket[] = []
  let arrived = Promise.withResolvers<undefined>()
  beforeAll(async () => {
    server = createServer((socket) => {
      sockets.push(socket)
      socket.on('error', () => undefined)
      if (sockets.length === 2) arrived.resolve(undefined)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  afterAll(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })

  it('is stopped at its deadline with everything it started', async () => {
    arrived = Promise.withResolvers()
    const address = server.address()
    const port = typeof address === 'object' ? String(address?.port) : ''
    // Each connects and stays: the sockets close when, and only when, the processes end.
    const stay = `require('node:net').connect(Number(process.env.PORT), '127.0.0.1')`
    const script = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(stay)}], { stdio: 'inherit' }); ${stay}`
    const reading = refusal(node(script), { PORT: port })
    await arrived.promise
    const ended = sockets.map((socket) => once(socket, 'close'))
    await clock.advance(9_999)
    expect(sockets.some((socket) => socket.destroyed)).toBe(false)
    await clock.advance(1)
    expect((await reading).detail).toContain('but it did not end within 10 seconds and was stopped')
    await Promise.all(ended)
    expect(clock.pending()).toBe(0)
  })

  it.each([
    ['a signal ends the process that waits for it', 'SIGINT' as const],
    ['it is terminated', 'SIGTERM' as const],
  ])('is stopped when %s', async (_, signal) => {
    sockets.length = 0
    arrived = Promise.withResolvers()
    const address = server.address()
    const port = typeof address === 'object' ? String(address?.port) : ''
    const stay = `require('node:net').connect(Number(process.env.PORT), '127.0.0.1')`
    const door = new URL('./index.ts', import.meta.url).href
    const commands = [1, 2].map((n) => ({ exec: [process.execPath, '-e', stay, '--', String(n)] }))
    const script = `
      import { createSecretReader } from ${JSON.stringify(door)}
      const reader = createSecretReader({ env: process.env, readFile: async () => '' })
      await Promise.all(${JSON.stringify(commands)}.map((one) => reader.read(one, 'a')))`
    const waiting = spawn(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, PORT: port },
      stdio: 'ignore',
    })
    await arrived.promise
    const ended = sockets.map((socket) => once(socket, 'close'))
    waiting.kill(signal)
    expect(await once(waiting, 'exit')).toEqual([null, signal])
    await Promise.all(ended)
  })

  it('in the background of one that ended is stopped too', async () => {
    sockets.length = 0
    arrived = Promise.withResolvers()
    const address = server.address()
    const port = typeof address === 'object' ? String(address?.port) : ''
    const stay = `require('node:net').connect(Number(process.env.PORT), '127.0.0.1').on('connect', () => process.send('here'))`
    // The one in front ends once the other is there, which keeps none of its streams.
    const script = `
      const other = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(stay)}],
        { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
      other.on('message', () => { process.stdout.write('s3cret'); other.disconnect(); other.unref() })`
    const secret = await readerWith({ PORT: port }).read(node(script), 'a')
    expect(secret.reveal()).toBe('s3cret')
    const [socket] = sockets
    if (socket === undefined) throw new Error('nothing stayed')
    if (!socket.destroyed) await once(socket, 'close')
  })
})

describe('a secret of a command', () => {
  it('is what it prints, without newlines at the end, whatever it says beside it', async () => {
    const script = `console.error('hello'.repeat(100_000)); process.stdout.write('a s3cret \\r\\n\\n')`
    expect((await readerWith().read(node(script), 'a')).reveal()).toBe('a s3cret ')
  })

  it('comes from a program of PATH, which gets its arguments untouched and the environment', async () => {
    const reader = readerWith({ EG_TEST: 'from outside' })
    const exec = ['sh', '-c', 'printf "%s|%s|%s" "$1" "$2" "$EG_TEST"', 'sh', '', '$HOME; rm *']
    expect((await reader.read({ exec }, 'a')).reveal()).toBe('|$HOME; rm *|from outside')
  })

  it('gets no standard input, so that one that asks is not waited for', async () => {
    expect((await refusal({ exec: ['cat'] })).detail).toContain('it printed nothing')
  })

  it('is printed once for all who wait, and anew for who comes later', async () => {
    const log = join(folder, 'runs')
    const script = `require('node:fs').appendFileSync(process.argv.at(-1), 'x'); console.log('s3cret')`
    const reader = readerWith()
    const secrets = await Promise.all(
      Array.from({ length: 5 }, (_, index) => reader.read(node(script, log), `a[${index}]`)),
    )
    expect(secrets.map((secret) => secret.reveal())).toEqual(Array(5).fill('s3cret'))
    expect(await readFile(log, 'utf8')).toBe('x')
    await reader.read(node(script, log), 'a')
    expect(await readFile(log, 'utf8')).toBe('xx')
  })

  it('that failed for one fails for all who waited, each told of its own field', async () => {
    const reader = readerWith()
    const outcomes = await Promise.allSettled(
      ['a', 'b'].map((askedBy) => reader.read(node('process.exit(1)'), askedBy)),
    )
    expect(
      outcomes.map((one) => (one.status === 'rejected' ? String(one.reason) : 'a secret')),
    ).toEqual([expect.stringContaining('of "a"'), expect.stringContaining('of "b"')])
  })
})
