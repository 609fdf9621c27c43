import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { accepted, config, importing, problemAt, refused } from '../../test/support/config-text.ts'

const storeProblem = (store: string): ReturnType<typeof problemAt> =>
  problemAt(config({ store: JSON.stringify(store) }), 'store')
const proxyProblem = (proxy: string): ReturnType<typeof problemAt> =>
  problemAt(config({ more: `network: { proxy: ${JSON.stringify(proxy)} }` }), 'network.proxy')
const withPassword = (url: string): string => `{ url: "${url}", password: { env: DB } }`

describe('the address of a database is refused', () => {
  it.each<[string, string, string, string]>([
    [
      'with a password',
      'postgres://eg:pw@h/db',
      'without a password',
      '{ url: postgres://user@host',
    ],
    ['with an empty password', 'postgres://eg:@h/db', 'without a password', 'replace it'],
    ['with a password in its query', 'postgres://eg@h/db?password=x', 'without a password', 'env'],
    ['without a user', 'postgres://h/db', 'with the user', 'before the host'],
    ['without a database', 'postgres://eg@h', 'with one database', 'after the host'],
    ['with two databases', 'postgres://eg@h/a/b', 'with one database', 'after the host'],
    ['with an option nobody knows', 'postgres://eg@h/db?sslmod=require', 'only app', 'misspelt'],
    ['with another host behind it', 'postgres://eg@h/db?host=other', 'a socket', 'in front of'],
    ['without TLS', 'postgres://eg@h/db?sslmode=disable', 'verify-full', 'Leave sslmode out'],
    ['with TLS if the server likes', 'postgres://eg@h/db?sslmode=prefer', 'verify-full', 'sslmode'],
    ['with TLS to anyone', 'postgres://eg@h/db?sslmode=no-verify', 'verify-full', 'sslmode'],
    [
      'without TLS to a name that only begins as this machine',
      'postgres://eg@localhost.evil.example/db?sslmode=disable',
      'verify-full',
      'sslmode',
    ],
    ['that is none', 'postgres://eg@h:port/db', 'an address such as', 'percent-encoded'],
    ['of another database', 'mysql://eg@h/db', '"sqlite:" and the path', 'postgres://user@host'],
    ['that is a file without path', 'sqlite:', 'the path of the database', 'sqlite:PATH'],
  ])('%s', (_, url, expected, remedy) => {
    const problem = storeProblem(url)
    expect(problem.expected).toContain(expected)
    expect(problem.remedy).toContain(remedy)
    expect(problem).toMatchObject({ line: 1, path: 'store' })
  })

  it('the same as a destination, and in a mapping', () => {
    const address = '{ connection: a, collections: [users], to: "postgres://eg:pw@h/db" }'
    expect(problemAt(importing(address), 'imports.nightly.to').remedy).toContain('beside "to"')
    const mapped = config({ store: withPassword('postgres://eg:pw@h/db') })
    expect(problemAt(mapped, 'store.url').expected).toContain('without a password')
    const file = config({ store: withPassword('sqlite:./a.db') })
    expect(problemAt(file, 'store.url').remedy).toContain('needs no password')
  })

  it('in a mapping without its password, and in a form that is neither', () => {
    const half = config({ store: '{ url: postgres://eg@h/db }' })
    expect(problemAt(half, 'store.password').remedy).toContain('it has no default')
    expect(problemAt(config({ store: '[a]' }), 'store')).toMatchObject({
      expected: expect.stringContaining('a mapping with "url" and "password"') as string,
      seen: 'a list',
    })
  })

  it('whatever a password in it looks like, without repeating any of it', () => {
    const password = fc.stringMatching(/^[!-~]{6,20}$/)
    fc.assert(
      fc.property(password, fc.constantFrom('postgres', 'postgresql'), (secret, scheme) => {
        const url = `${scheme}://eg:${secret}@db.example.com/eg`
        const texts = [
          config({ store: JSON.stringify(url) }),
          config({ store: `{ url: ${JSON.stringify(url)}, password: { env: A } }` }),
          config({ more: `network: { proxy: ${JSON.stringify(`http://eg:${secret}@proxy`)} }` }),
          importing(`{ connection: a, collections: [users], to: ${JSON.stringify(url)} }`),
        ]
        for (const text of texts) {
          const { message, detail, problems } = refused(text)
          const told = JSON.stringify([message, detail, problems])
          expect(told).not.toContain(JSON.stringify(secret).slice(1, -1))
          expect(told).toContain('password: { env: NAME }')
        }
      }),
    )
  })
})

describe('a proxy is refused', () => {
  it.each<[string, string, string, string]>([
    ['with a password', 'http://eg:pw@proxy:3128', 'without a password', 'password: { env: NAME }'],
    ['with a path', 'http://proxy:3128/path', '"env", "none" or', 'HTTP_PROXY'],
    ['of another protocol', 'socks5://proxy:1080', '"env", "none" or', 'HTTP_PROXY'],
    ['that is a word', 'environment', '"env", "none" or', 'HTTP_PROXY'],
  ])('%s', (_, url, expected, remedy) => {
    const problem = proxyProblem(url)
    expect(problem.expected).toContain(expected)
    expect(problem.remedy).toContain(remedy)
  })

  it.each([
    ['with a password and no user', 'https://proxy', 'with a user'],
    ['with a password over http to another machine', 'http://eg@proxy:3128', 'an https URL'],
    ['with two passwords', 'https://eg:pw@proxy', 'without a password'],
  ])('%s', (_, url, expected) => {
    const text = config({ more: `network: { proxy: { url: "${url}", password: { env: A } } }` })
    expect(problemAt(text, 'network.proxy.url').expected).toContain(expected)
  })

  it('beside certificates that are no list, or stand twice', () => {
    expect(problemAt(config({ more: 'network: { ca: ./ca.pem }' }), 'network.ca').remedy).toContain(
      'after "- "',
    )
    const twice = config({ more: 'network: { ca: [a.pem, a.pem] }' })
    expect(problemAt(twice, 'network.ca').expected).toBe('every entry once')
  })
})

describe('an address', () => {
  const storeOf = (store: string): unknown => accepted(config({ store })).store

  it('of a database on another machine is spoken to over verified TLS unless it says more', () => {
    expect(storeOf('postgres://eg@db.example.com/eg')).toEqual({
      type: 'postgres',
      url: 'postgres://eg@db.example.com/eg?sslmode=verify-full',
    })
    const lesser = 'postgres://eg@db.example.com/eg?sslmode=require'
    expect(storeOf(lesser)).toEqual({ type: 'postgres', url: lesser })
  })

  it.each([
    'postgres://eg@localhost/eg',
    'postgres://eg@127.0.0.1:5433/eg?sslmode=disable',
    'postgresql://eg@[::1]/eg',
    'postgres://eg@%2Frun%2Fpostgresql/eg',
    'postgres://eg@localhost/eg?host=/run/postgresql',
  ])('of a database on this machine stays as it was written: %s', (url) => {
    expect(storeOf(JSON.stringify(url))).toEqual({ type: 'postgres', url })
  })

  it('has its password beside it, and paths from the folder of the file', () => {
    expect(storeOf(withPassword('postgres://eg@db.example.com/eg?sslrootcert=ca.pem'))).toEqual({
      type: 'postgres',
      url: 'postgres://eg@db.example.com/eg?sslrootcert=%2Fetc%2Feg%2Fca.pem&sslmode=verify-full',
      password: { env: 'DB' },
    })
  })

  it('of a proxy may be http, since what passes through it is encrypted', () => {
    const network = (text: string): unknown => accepted(config({ more: text })).network
    expect(network('network: { proxy: http://eg@proxy:3128, ca: [./ca.pem] }')).toEqual({
      proxy: { url: 'http://eg@proxy:3128' },
      ca: ['/etc/eg/ca.pem'],
    })
    expect(
      network('network: { proxy: { url: http://eg@localhost:1, password: { env: A } } }'),
    ).toEqual({ proxy: { url: 'http://eg@localhost:1', password: { env: 'A' } }, ca: [] })
    expect(network('network: { proxy: none }')).toEqual({ proxy: 'none', ca: [] })
  })
})
