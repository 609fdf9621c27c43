import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readAddress } from './address.ts'

describe('the address of a database', () => {
  it.each([
    ['what is no URL', 'localhost/evergrant'],
    ['another scheme', 'mysql://u@h/db'],
    ['no user', 'postgres://h/db'],
    ['no database', 'postgres://u@h'],
    ['an sslmode there is not', 'postgres://u@h/db?sslmode=maybe'],
    ['an authority that is not there', 'postgres://u@h/db?sslrootcert=/none/ca.pem'],
  ])('refuses %s', (_, url) => {
    expect(() => readAddress(url)).toThrow(expect.objectContaining({ code: 'config_invalid' }))
  })

  it('refuses a password in it without telling it', () => {
    const read = (): unknown => readAddress('postgres://u:planted-secret@h/db')
    expect(read).toThrow('expected no password')
    expect(read).not.toThrow('planted-secret')
  })

  it('verifies whatever is not on this machine, unless told otherwise', () => {
    const tls = (url: string): unknown => readAddress(url).ssl
    expect(tls('postgres://u@db.example.com/x')).toEqual({ rejectUnauthorized: true })
    expect(tls('postgres://u@db.example.com/x?sslmode=require')).toEqual({
      rejectUnauthorized: true,
    })
    expect(tls('postgres://u@db.example.com/x?sslmode=verify-ca')).toMatchObject({
      rejectUnauthorized: true,
    })
    expect(tls('postgres://u@db.example.com/x?sslmode=disable')).toBe(false)
    for (const host of ['localhost', '127.0.0.1', '[::1]', '%2Fvar%2Frun%2Fpg']) {
      expect(tls(`postgres://u@${host}/x`)).toBe(false)
    }
    expect(tls('postgres://u@localhost/x?sslmode=verify-full')).toEqual({
      rejectUnauthorized: true,
    })
  })

  it('reads host, port, user and database, and names them without anything else', () => {
    expect(readAddress('postgresql://some%40one@[::1]:6000/ever%20grant?sslmode=disable')).toEqual({
      host: '::1',
      port: 6_000,
      user: 'some@one',
      database: 'ever grant',
      ssl: false,
      place: 'postgres://some@one@[::1]:6000/ever grant',
    })
    expect(readAddress('postgres://u@localhost/db?host=/var/run/pg')).toMatchObject({
      host: '/var/run/pg',
      port: 5_432,
      place: 'postgres://u@/var/run/pg/db',
    })
  })

  it('reads back every user and database that can be written', () => {
    const name = fc.string({ minLength: 1 }).filter((text) => text.isWellFormed())
    fc.assert(
      fc.property(name, name, (user, database) => {
        const url = `postgres://${encodeURIComponent(user)}@h/${encodeURIComponent(database)}`
        fc.pre(!['.', '..'].includes(database))
        expect(readAddress(url)).toMatchObject({ user, database })
      }),
    )
  })
})
