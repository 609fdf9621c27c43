import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isEvergrantError, Secret } from '../kernel/index.ts'
import { generateKey, readKey } from './key.ts'
import { createVault, keyIdOf, type SealPlace } from './vault.ts'

const place: SealPlace = { table: 'token_slots', column: 'token', row: 'slt_1' }
const k1 = readKey('k1', generateKey())
const k2 = readKey('k2', generateKey())
const vault = createVault([k1])

const codeOf = (act: () => unknown): string => {
  try {
    act()
  } catch (error) {
    return isEvergrantError(error) ? error.code : String(error)
  }
  return 'nothing was thrown'
}
const text = fc.string({ unit: 'binary' })
const anyPlace = fc.record({ table: fc.string(), column: fc.string(), row: fc.string() })

describe('a sealed value refuses to open', () => {
  it('when any one bit was changed', () => {
    const sealed = vault.seal(new Secret('s3cret'), place)
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const altered = Uint8Array.from(sealed)
      altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(codeOf(() => vault.open(altered, place))).toBe('unseal_failed')
    }
  })

  it('when it was cut off anywhere, or lengthened', () => {
    const sealed = vault.seal(new Secret('s3cret'), place)
    for (let length = 0; length < sealed.length; length++) {
      const cut = sealed.subarray(0, length)
      expect(codeOf(() => vault.open(cut, place))).toBe('unseal_failed')
    }
    expect(codeOf(() => vault.open(Buffer.concat([sealed, sealed]), place))).toBe('unseal_failed')
  })

  it('when it is arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(codeOf(() => vault.open(bytes, place))).toBe('unseal_failed')
      }),
    )
  })

  it('in any other table, column or row', () => {
    fc.assert(
      fc.property(text, anyPlace, anyPlace, (value, sealedFor, openedAt) => {
        fc.pre(JSON.stringify(sealedFor) !== JSON.stringify(openedAt))
        const sealed = vault.seal(new Secret(value), sealedFor)
        expect(codeOf(() => vault.open(sealed, openedAt))).toBe('unseal_failed')
      }),
    )
  })

  it('at places whose names only join to the same text', () => {
    const sealed = vault.seal(new Secret('s3cret'), { table: 'ab', column: 'c', row: 'd' })
    const neighbours = [
      { table: 'a', column: 'bc', row: 'd' },
      { table: 'ab', column: '', row: 'cd' },
      { table: 'ab","c', column: 'd', row: '' },
    ]
    for (const neighbour of neighbours) {
      expect(codeOf(() => vault.open(sealed, neighbour))).toBe('unseal_failed')
    }
  })

  it('when the parts of two values are exchanged', () => {
    const a = vault.seal(new Secret('first!'), place)
    const b = vault.seal(new Secret('second'), place)
    for (let at = 1; at < a.length; at++) {
      const mixed = Buffer.concat([a.subarray(0, at), b.subarray(at)])
      if (mixed.equals(a) || mixed.equals(b)) continue
      expect(codeOf(() => vault.open(mixed, place))).toBe('unseal_failed')
    }
  })

  it('when its key left the ring, naming both', () => {
    const sealed = vault.seal(new Secret('s3cret'), place)
    expect(() => createVault([k2]).open(sealed, place)).toThrow(
      '"token_slots.token" of row "slt_1" was sealed with key "k1", but the ring holds "k2"',
    )
  })

  it('without a word of the secret in the error', () => {
    const sealed = vault.seal(new Secret('s3cret'), place)
    sealed[sealed.length - 1] = (sealed[sealed.length - 1] ?? 0) ^ 1
    expect(() => vault.open(sealed, place)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('s3cret') as string }),
    )
  })
})

describe('a vault', () => {
  it('refuses to exist without a key', () => {
    expect(codeOf(() => createVault([]))).toBe('key_missing')
  })

  it('refuses two keys of one id', () => {
    expect(codeOf(() => createVault([k1, readKey('k1', generateKey())]))).toBe('key_malformed')
  })

  it('refuses a text that UTF-8 could not give back', () => {
    expect(codeOf(() => vault.seal(new Secret('\ud800'), place))).toBe('internal')
  })

  it('gives back what was sealed', () => {
    fc.assert(
      fc.property(text, anyPlace, (value, where) => {
        expect(vault.open(vault.seal(new Secret(value), where), where).reveal()).toBe(value)
      }),
    )
  })

  it('opens a value that is a view into a larger buffer', () => {
    const sealed = vault.seal(new Secret('s3cret'), place)
    const larger = Buffer.concat([Buffer.alloc(7), sealed, Buffer.alloc(9)])
    const view = new Uint8Array(larger.buffer, larger.byteOffset + 7, sealed.length)
    expect(vault.open(view, place).reveal()).toBe('s3cret')
  })

  it('refuses to seal with a key that is not in its ring, naming both', () => {
    expect(() => vault.sealWith('k2')).toThrow('key "k2" is not in the ring, which holds "k1"')
    expect(codeOf(() => vault.sealWith('k2'))).toBe('key_missing')
    expect(vault.sealingKeyId).toBe('k1')
  })

  it('seals with the key it was asked to, and still opens what it sealed before', () => {
    const ring = createVault([k1, k2])
    expect([ring.sealingKeyId, ring.keyIds]).toEqual(['k1', ['k1', 'k2']])
    const before = ring.seal(new Secret('before'), place)
    ring.sealWith('k2')
    expect([ring.sealingKeyId, ring.primaryKeyId]).toEqual(['k2', 'k1'])
    const after = ring.seal(new Secret('after'), place)
    expect([before, after, ring.sealCheck()].map(keyIdOf)).toEqual(['k1', 'k2', 'k2'])
    expect([before, after].map((sealed) => ring.open(sealed, place).reveal())).toEqual([
      'before',
      'after',
    ])
  })

  it('tells no key of bytes that are no sealed value', () => {
    expect(keyIdOf(new Uint8Array(3))).toBeUndefined()
  })

  it('seals with the first key and opens with all', () => {
    const ring = createVault([k2, k1])
    expect(ring.primaryKeyId).toBe('k2')
    expect(ring.open(vault.seal(new Secret('old'), place), place).reveal()).toBe('old')
    const sealed = ring.seal(new Secret('new'), place)
    expect(codeOf(() => vault.open(sealed, place))).toBe('unseal_failed')
  })

  it('never seals one value twice the same way', () => {
    const seals = new Set<string>()
    for (let i = 0; i < 100; i++) {
      seals.add(Buffer.from(vault.seal(new Secret('same'), place)).toString('base64'))
    }
    expect(seals.size).toBe(100)
  })

  it('costs 78 bytes and its key id over the text', () => {
    expect(vault.seal(new Secret('12345'), place)).toHaveLength(5 + 78 + 2)
  })
})

describe('a check value', () => {
  it('refuses a ring that holds another key under the same id', () => {
    const impostor = createVault([readKey('k1', generateKey())])
    expect(codeOf(() => impostor.verifyCheck(vault.sealCheck()))).toBe('key_wrong')
  })

  it('refuses a ring without its key, naming both', () => {
    expect(() => createVault([k2]).verifyCheck(vault.sealCheck())).toThrow(
      'the store was sealed with key "k1", but the ring holds "k2"',
    )
  })

  it('is told apart from bytes that are no sealed value', () => {
    expect(codeOf(() => vault.verifyCheck(new Uint8Array(3)))).toBe('unseal_failed')
  })

  it('refuses a sealed value that was made for a row', () => {
    const sealed = vault.seal(new Secret('evergrant'), place)
    expect(codeOf(() => vault.verifyCheck(sealed))).toBe('key_wrong')
  })

  it('passes the ring that made it and says which key that was', () => {
    expect(vault.verifyCheck(vault.sealCheck())).toEqual({ keyId: 'k1', isPrimary: true })
    expect(createVault([k2, k1]).verifyCheck(vault.sealCheck())).toEqual({
      keyId: 'k1',
      isPrimary: false,
    })
  })
})
