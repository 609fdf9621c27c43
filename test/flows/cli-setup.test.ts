import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { Secret } from '../../src/kernel/index.ts'
import { readKey } from '../../src/vault/index.ts'
import { runCommand, type CommandOutcome } from '../support/command.ts'

let cwd: string
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'evergrant-cli-'))
})
afterEach(() => rm(cwd, { recursive: true, force: true }))

const evergrant = (...args: readonly string[]): Promise<CommandOutcome> => runCommand(args, { cwd })
const text = (name: string): Promise<string> => readFile(join(cwd, name), 'utf8')
const modeOf = async (name: string): Promise<number> => (await stat(join(cwd, name))).mode & 0o777

describe('init', () => {
  it('refuses a job it never heard of', async () => {
    const { exit, note } = await evergrant('init', '--for', 'impotr')
    expect(exit).toBe(2)
    expect(note).toContain('expected "import", "gateway", "bearer" or "consent", but saw "impotr"')
  })

  it('never overwrites a configuration without --force', async () => {
    await writeFile(join(cwd, 'evergrant.yaml'), 'mine')
    const { exit, note } = await evergrant('init')
    expect(exit).toBe(2)
    expect(note).toContain('[file_exists]')
    expect(await text('evergrant.yaml')).toBe('mine')
    await expect(text('evergrant.key')).rejects.toThrow('ENOENT')
  })

  it('refuses a dangling link in place of the configuration', async () => {
    await symlink(join(cwd, 'elsewhere'), join(cwd, 'evergrant.yaml'))
    expect((await evergrant('init')).exit).toBe(2)
    await expect(text('elsewhere')).rejects.toThrow('ENOENT')
  })

  it('makes no new key where a store exists, not even with --force', async () => {
    await writeFile(join(cwd, 'evergrant.db'), 'a store')
    const { exit, note } = await evergrant('init', '--force')
    expect(exit).toBe(2)
    expect(note).toContain('[key_missing]')
    await expect(text('evergrant.key')).rejects.toThrow('ENOENT')
    await expect(text('evergrant.yaml')).rejects.toThrow('ENOENT')
  })

  it('keeps the key of a store that stands where the old configuration says', async () => {
    await evergrant('init')
    const key = await text('evergrant.key')
    const configuration = await text('evergrant.yaml')
    await writeFile(
      join(cwd, 'evergrant.yaml'),
      configuration.replace('sqlite:./evergrant.db', 'sqlite:./data/other.db'),
    )
    await mkdir(join(cwd, 'data'))
    await writeFile(join(cwd, 'data/other.db'), 'a store')
    expect(await evergrant('init', '--force')).toMatchObject({ exit: 0 })
    expect(await text('evergrant.key')).toBe(key)
    expect(await text('evergrant.yaml')).toBe(configuration)
  })

  it('refuses a key that is none, before anything is written', async () => {
    await writeFile(join(cwd, 'evergrant.key'), 'short')
    const { exit, note } = await evergrant('init')
    expect(exit).toBe(2)
    expect(note).toContain('[key_malformed]')
    expect(note).not.toContain('short')
    await expect(text('evergrant.yaml')).rejects.toThrow('ENOENT')
  })

  it('names what is in the way of an unwritable place', async () => {
    await writeFile(join(cwd, 'file'), '')
    const { exit, note } = await evergrant('init', '--config', 'file/evergrant.yaml')
    expect(exit).toBe(2)
    expect(note).toContain('a part of its path is a file, not a folder (ENOTDIR)')
  })

  it('writes a valid configuration and a key that only its owner reads', async () => {
    const { exit, out } = await evergrant('init')
    expect(exit).toBe(0)
    expect(await modeOf('evergrant.key')).toBe(0o600)
    readKey('k1', new Secret((await text('evergrant.key')).trim()))
    const checked = await runCommand(['config', 'check'], { cwd, env: { CONTOSO_SECRET: 's' } })
    expect(checked.exit).toBe(0)
    expect(out).not.toContain((await text('evergrant.key')).trim())
  })

  it('tells the next three steps: the Entra application, its ids and secret, the first commands', async () => {
    const { out } = await evergrant('init')
    for (const step of [
      'App registrations > New registration',
      'Application permissions',
      'User.Read.All',
      'Grant admin consent',
      'New client secret',
      "export CONTOSO_SECRET='",
      'evergrant doctor',
      'evergrant import contoso-graph users',
    ]) {
      expect(out).toContain(step)
    }
    // The names are those of the template.
    const written = await text('evergrant.yaml')
    for (const name of ['contoso-graph:', '{ env: CONTOSO_SECRET }', 'contoso:']) {
      expect(written).toContain(name)
    }
  })

  it.each(['import', 'gateway', 'bearer', 'consent'])(
    'tells the commands of --for %s as they are called from here',
    async (job) => {
      const launch = { node: 'node', script: join(cwd, 'bin/evergrant.js') }
      const { out } = await runCommand(['init', '--for', job], { cwd, launch })
      expect(out).toContain('node bin/evergrant.js doctor')
      expect(out).not.toMatch(/^ *evergrant /m)
      const again = await runCommand(['init', '--for', job, '--force', '--json'], { cwd, launch })
      expect(JSON.stringify(again.json())).toContain('node bin/evergrant.js doctor')
    },
  )

  it.each([
    ['import', ['doctor', 'import contoso-graph users']],
    ['gateway', ['doctor', 'callers add my-app --connections contoso-graph', 'serve']],
    ['bearer', ['doctor', 'imports run directory', 'explain', 'serve']],
    ['consent', ['doctor', 'serve', "consent link csp --recipient 'who signs in'"]],
  ])(
    'tells the commands of --for %s with the configuration it wrote elsewhere',
    async (job, says) => {
      await mkdir(join(cwd, "ada's"))
      const { out } = await evergrant('init', '--for', job, '--config', "ada's/eg.yaml")
      const told = [...out.matchAll(/^ *evergrant (.+?)( < .+)?$/gm)].map(([, command]) => command)
      const where = String.raw`--config 'ada'\''s/eg.yaml'`
      expect(told).toEqual(says.map((command) => `${command} ${where}`))
    },
  )

  it('writes a gateway with --for gateway, whose unfilled ids config check names', async () => {
    const { exit, out } = await evergrant('init', '--for', 'gateway')
    expect(exit).toBe(0)
    expect(out).toContain('evergrant serve')
    const checked = await runCommand(['config', 'check'], { cwd, env: { CONTOSO_SECRET: 's' } })
    expect(checked.exit).toBe(0)
    expect(checked.out).toContain('listen: 127.0.0.1:8420')
    expect(checked.out).toContain('- microsoft')
    for (const field of ['providers.contoso.tenant', 'connections.contoso-graph.client.id']) {
      expect(checked.note).toContain(`${field}: It still is the placeholder`)
    }
  })

  it('writes issuers with --for bearer, whose unfilled ids config check names', async () => {
    const { exit, out } = await evergrant('init', '--for', 'bearer')
    expect(exit).toBe(0)
    expect(out).toContain('Expose an API')
    expect(out).toContain('evergrant explain --config evergrant.yaml < token.txt')
    const checked = await runCommand(['config', 'check'], { cwd, env: { CONTOSO_SECRET: 's' } })
    expect(checked.exit).toBe(0)
    for (const field of ['issuers.contoso.tenants[0]', 'issuers.contoso.audiences[0]']) {
      expect(checked.note).toContain(`${field}: It still is the placeholder`)
    }
  })

  it('writes the connection of a partner with --for consent, and where it is registered', async () => {
    const { exit, out } = await evergrant('init', '--for', 'consent')
    expect(exit).toBe(0)
    for (const step of [
      'Web, http://localhost:8420/consent/callback',
      'Delegated permissions',
      'Microsoft Partner Center > user_impersonation',
      'connections.csp.client.id',
      'evergrant consent link csp',
    ]) {
      expect(out).toContain(step)
    }
    const checked = await runCommand(['config', 'check'], { cwd, env: { CONTOSO_SECRET: 's' } })
    expect(checked.exit).toBe(0)
    expect(checked.note).toContain('connections.csp.client.id: It still is the placeholder')
    expect(parse(checked.out)).toMatchObject({
      connections: { csp: { grant: 'authorization_code', customers: { first: 1 } } },
    })
  })

  it('refuses a name that every object has', async () => {
    expect((await evergrant('init', '--for', 'constructor')).exit).toBe(2)
  })

  it('replaces both with --force while there is no store', async () => {
    await evergrant('init')
    const key = await text('evergrant.key')
    await writeFile(join(cwd, 'evergrant.yaml'), 'broken: [')
    const again = await evergrant('init', '--force', '--json')
    expect(again).toMatchObject({ exit: 0 })
    expect(again.json()).toMatchObject({ config: join(cwd, 'evergrant.yaml'), key_kept: false })
    expect(await text('evergrant.key')).not.toBe(key)
    expect(await modeOf('evergrant.key')).toBe(0o600)
  })
})

describe('keys new', () => {
  it('never overwrites a file', async () => {
    await writeFile(join(cwd, 'k'), 'precious')
    const { exit, note } = await evergrant('keys', 'new', '--file', 'k')
    expect(exit).toBe(2)
    expect(note).toContain('[file_exists]')
    expect(await text('k')).toBe('precious')
  })

  it('prints a key alone on standard output, with a note beside it', async () => {
    const { exit, out, note } = await evergrant('keys', 'new')
    expect(exit).toBe(0)
    expect(out).toMatch(/^[A-Za-z0-9+/]{43}=\n$/)
    expect(note).toContain('shown once')
    expect(note).not.toContain(out.trim())
  })

  it('writes a file that only its owner reads, and prints no key then', async () => {
    const { exit, out, note } = await evergrant('keys', 'new', '--file', 'k')
    expect(exit).toBe(0)
    expect(await modeOf('k')).toBe(0o600)
    expect(`${out}${note}`).not.toContain((await text('k')).trim())
  })
})

describe('config check', () => {
  it('exits with 2 when there is no configuration, and says how to get one', async () => {
    const { exit, note } = await evergrant('config', 'check')
    expect(exit).toBe(2)
    expect(note).toContain('evergrant init')
  })

  it('reports every secret and key that is not there, after the configuration itself', async () => {
    await evergrant('init')
    await writeFile(join(cwd, 'evergrant.key'), Buffer.alloc(31, 7).toString('base64'))
    const { exit, out, note } = await evergrant('config', 'check')
    expect(exit).toBe(2)
    expect(parse(out)).toHaveProperty('connections.contoso-graph')
    expect(note).toContain('31 bytes')
    expect(note).toContain('the environment variable CONTOSO_SECRET, but it is not set')
  })

  it('warns of ids that still are placeholders', async () => {
    await evergrant('init')
    const { note } = await runCommand(['config', 'check'], { cwd, env: { CONTOSO_SECRET: 's' } })
    expect(note).toContain('warning: providers.contoso.tenant: It still is the placeholder')
  })

  it('prints the same as one JSON object', async () => {
    await evergrant('init')
    const checked = await evergrant('config', 'check', '--json')
    expect(checked.exit).toBe(2)
    expect(checked.json()).toMatchObject({
      config: { connections: { 'contoso-graph': { refresh: { before: '5m' } } } },
      problems: [{ code: 'secret_unavailable' }],
    })
  })
})

describe('config schema', () => {
  it('prints a JSON Schema, and its help tells how an editor uses it', async () => {
    const { out } = await evergrant('config', 'schema')
    expect(JSON.parse(out)).toHaveProperty('properties.connections')
    const help = await evergrant('config', 'schema', '--help')
    expect(help).toMatchObject({ exit: 0 })
    expect(help.out).toContain('# yaml-language-server: $schema=')
  })
})

describe('doctor without a sound place', () => {
  it('stops at a configuration that is not there', async () => {
    const { exit, out } = await evergrant('doctor')
    expect(exit).toBe(2)
    expect(out).toMatch(/^ok +node .*\nfail +config /)
  })

  it('warns of a key that others can read, and of a folder that is none', async () => {
    await evergrant('init')
    await chmod(join(cwd, 'evergrant.key'), 0o644)
    await writeFile(join(cwd, 'file'), '')
    const written = await text('evergrant.yaml')
    // A port on which nothing listens, so that nobody out there is asked.
    const provider = 'authority: http://127.0.0.1:9\n    graph: http://127.0.0.1:9'
    await writeFile(
      join(cwd, 'evergrant.yaml'),
      written
        .replace('sqlite:./evergrant.db', 'sqlite:./file/evergrant.db')
        .replace(/cloud: global.*/, provider),
    )
    const diagnosis = await evergrant('doctor', '--json')
    expect(diagnosis.exit).toBe(2)
    expect(diagnosis.json()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          check: 'key',
          status: 'warn',
          remedy: `Make it yours alone: chmod 600 ${join(cwd, 'evergrant.key')}`,
        }),
        expect.objectContaining({ check: 'store', status: 'fail', code: 'store_unwritable' }),
        expect.objectContaining({ check: 'secret', status: 'fail', code: 'secret_unavailable' }),
        expect.objectContaining({ check: 'authority tcp', status: 'fail' }),
        expect.objectContaining({ check: 'graph tcp', code: 'graph_unavailable' }),
      ]),
    )
  })
})

describe('help', () => {
  const commands = [
    'init',
    'config check',
    'config schema',
    'keys new',
    'connections list',
    'connections show',
    'connections test',
    'connections refresh',
    'token',
    'doctor',
  ]
  it.each(commands)('of `%s` has examples that begin with evergrant', async (command) => {
    const { exit, out } = await evergrant(...command.split(' '), '--help')
    expect(exit).toBe(0)
    const examples = out.split('Examples:\n')[1] ?? ''
    expect(examples.match(/^ {2}\$ .*evergrant/gm)?.length).toBeGreaterThanOrEqual(2)
  })
})
