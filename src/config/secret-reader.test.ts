import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Secret } from '../kernel/index.ts'
import { createSecretReader, type SecretHint, type SecretReader } from './secret-reader.ts'

const failing = (code: string): Promise<never> =>
  Promise.reject(Object.assign(new Error(code), { code }))

const readerOf = (
  env: Record<string, string>,
  file?: Uint8Array | string,
  hints: SecretHint[] = [],
): SecretReader =>
  createSecretReader({
    env,
    readFile: () =>
      file === undefined || typeof file === 'string'
        ? failing(file ?? 'ENOENT')
        : Promise.resolve(file),
    onHint: (hint) => hints.push(hint),
  })
const bytes = (text: string): Uint8Array => Buffer.from(text)

describe('a secret is unavailable', () => {
  it.each([
    ['in a variable that is not set', {}, { env: 'S' }, undefined, 'S, but it is not set'],
    ['in an empty variable', { S: '' }, { env: 'S' }, undefined, 'S, but it is empty'],
    ['in a blank variable', { S: ' \t' }, { env: 'S' }, undefined, 'but it holds only blanks'],
    ['in a member of every object', {}, { env: 'toString' }, undefined, 'but it is not set'],
    ['in a file that is not there', {}, { file: '/k' }, 'ENOENT', 'the file /k, but there is none'],
    ['in a folder', {}, { file: '/k' }, 'EISDIR', 'but it is a folder'],
    ['in a forbidden file', {}, { file: '/k' }, 'EACCES', 'but this user may not read it'],
    ['in a failing disk', {}, { file: '/k' }, 'EIO', 'but the system said EIO'],
    ['in an empty file', {}, { file: '/k' }, bytes('\r\n'), 'but it is empty'],
    ['in a file of other encoding', {}, { file: '/k' }, Uint8Array.of(0xff), 'not text in UTF-8'],
    ['in a huge file', {}, { file: '/k' }, new Uint8Array(65_537), 'but it has 65537 bytes'],
  ])('%s; the message names it and the field', async (_, env, reference, file, seen) => {
    await expect(readerOf(env, file).read(reference, 'connections.a.secret')).rejects.toMatchObject(
      {
        code: 'secret_unavailable',
        detail: expect.stringMatching(
          /^expected the secret of "connections\.a\.secret" in /,
        ) as string,
        message: expect.stringContaining(seen) as string,
      },
    )
  })
})

describe('a secret', () => {
  it('comes from a file without the newlines at its end and a byte order mark', async () => {
    const reader = readerOf({}, bytes('\ufeffs3cret\r\n\n'))
    expect((await reader.read({ file: '/k' }, 'a')).reveal()).toBe('s3cret')
  })

  it('is otherwise taken as it is, wherever it stands', async () => {
    const text = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 100 })
      .filter(
        (value) => value.trim() !== '' && !/^\ufeff|[\r\n]$/.test(value) && value.isWellFormed(),
      )
    await fc.assert(
      fc.asyncProperty(text, async (value) => {
        const reader = readerOf({ S: value }, bytes(value))
        expect((await reader.read({ env: 'S' }, 'a')).reveal()).toBe(value)
        expect((await reader.read({ file: '/k' }, 'a')).reveal()).toBe(value)
      }),
    )
  })

  it('is read anew every time, so that a rotated one is found', async () => {
    const env = { S: 'old' }
    const reader = createSecretReader({ env, readFile: () => failing('ENOENT') })
    expect((await reader.read({ env: 'S' }, 'a')).reveal()).toBe('old')
    env.S = 'new'
    expect((await reader.read({ env: 'S' }, 'a')).reveal()).toBe('new')
  })

  it.each([
    ['"s3cret"', 'stands in quotes'],
    [' s3cret', 'has blanks around it'],
    ['s3cret\nmore', 'goes over several lines'],
    ['$CONTOSO', 'looks like the name of another variable'],
  ])('written oddly is taken, with a hint that does not repeat it', async (value, hint) => {
    const hints: SecretHint[] = []
    expect(
      (await readerOf({ S: value }, undefined, hints).read({ env: 'S' }, 'a.b')).reveal(),
    ).toBe(value)
    expect(hints).toHaveLength(1)
    expect(hints[0]).toMatchObject({
      askedBy: 'a.b',
      hint: expect.stringContaining(hint) as string,
    })
    expect(hints[0]?.hint).not.toContain(value.trim())
  })

  it('of the usual form gives no hint, and neither does a certificate', async () => {
    const hints: SecretHint[] = []
    await readerOf({ S: 'abc8Q~x_y.z' }, undefined, hints).read({ env: 'S' }, 'a')
    const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'
    await readerOf({ S: pem }, undefined, hints).read({ env: 'S' }, 'a')
    expect(hints).toEqual([])
  })
})

describe('a sealed secret', () => {
  const sealed = (secret: string | undefined): SecretReader =>
    createSecretReader({
      env: {},
      readFile: () => failing('ENOENT'),
      readSealed: (slot) =>
        Promise.resolve(secret === undefined || slot !== 'a' ? undefined : new Secret(secret)),
    })

  it.each([
    ['of another slot', sealed('s3cret')],
    ['where no store is at hand', readerOf({})],
  ])('%s is unavailable', async (_, reader) => {
    await expect(reader.read({ sealed: 'b' }, 'connections.a.secret')).rejects.toMatchObject({
      code: 'secret_unavailable',
      detail: expect.stringContaining('in the slot b of the store, but it is not there') as string,
      remedy: expect.stringContaining('evergrant connections edit') as string,
    })
  })

  it('comes from the store as it was given', async () => {
    expect((await sealed('s3cret\n').read({ sealed: 'a' }, 'a')).reveal()).toBe('s3cret\n')
  })
})
