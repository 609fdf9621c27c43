import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { CommandOutcome } from '../support/command.ts'
import { appScopes, makeWorld, type SharedWorld } from '../support/services.ts'

let world: SharedWorld
afterEach(() => world.close())

const graph = 'https://graph.microsoft.com'

/** Runs `evergrant connections …`. */
const connections = (args: string, input = ''): Promise<CommandOutcome> =>
  world.evergrant(['connections', ...args.split(' ')], input)

/** `connections add NAME` for the simulated application, its secret on standard input. */
const addApp = (name: string): Promise<CommandOutcome> =>
  connections(
    `add ${name} --provider contoso --client-id ${world.simulator.client.id} --grant client_credentials --resource ${graph} --secret`,
    `${world.simulator.client.secret}\n`,
  )

/** Everything that the store holds, as it lies on the disk or comes out of the database. */
async function storedBytes(): Promise<string> {
  if (world.database !== undefined) {
    const tables = await world.database.query(
      `SELECT table_schema || '.' || table_name AS name FROM information_schema.tables
       WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'`,
    )
    const dumps = tables.map(async ({ name }) => {
      const rows = await world.database?.query(`SELECT t::text AS row FROM ${String(name)} t`)
      return JSON.stringify(rows)
    })
    return (await Promise.all(dumps)).join('\n')
  }
  const files = (await readdir(world.folder)).filter((file) => file.startsWith('evergrant.db'))
  const bytes = await Promise.all(files.map((file) => readFile(join(world.folder, file), 'latin1')))
  return bytes.join('\n')
}

/** Resolves once a caller in another process sees what is expected; it has a second for it. */
const withinASecond = (look: () => Promise<void>): Promise<void> =>
  vi.waitFor(look, { timeout: 1_200, interval: 40 })

describe.each(['SQLite', 'PostgreSQL'] as const)('connections kept in %s', (store) => {
  it('are refused with the reason, and nothing is stored then', async () => {
    world = await makeWorld(store)
    await writeFile(join(world.folder, 'several.yaml'), '- provider: contoso\n')
    await writeFile(join(world.folder, 'broken.yaml'), 'client: { secret: planted-in-a-file')
    await writeFile(
      join(world.folder, 'relative.yaml'),
      `{ provider: contoso, client: { id: ${world.simulator.client.id}, credentials: [{ secret: { file: ./secret } }] }, grant: client_credentials }`,
    )
    await writeFile(
      join(world.folder, 'sealed.yaml'),
      `{ provider: contoso, client: { id: ${world.simulator.client.id}, credentials: [{ secret: { sealed: 'credentials[0]' } }] }, grant: client_credentials }`,
    )
    const client = '--client-id 2f0c0000-1111-4222-8333-444444444444 --grant client_credentials'
    const refusals: readonly (readonly [args: string, code: string, said: string])[] = [
      [`add one --provider nobody ${client} --secret-env S`, 'connection_invalid', '"nobody"'],
      [`add app --provider contoso ${client} --secret-env S`, 'connection_exists', '"app"'],
      [`add one --provider contoso ${client}`, 'connection_invalid', 'credentials'],
      [
        `add one --provider contoso ${client} --secret --secret-env S`,
        'usage',
        'expected one of --secret',
      ],
      [`add one --provider contoso ${client} --secret`, 'usage', 'saw nothing'],
      ['add one --from none.yaml', 'usage', 'cannot be read'],
      ['add one --from several.yaml', 'usage', 'expected one entry'],
      ['add one --from broken.yaml', 'usage', 'neither YAML nor JSON'],
      ['add one --from relative.yaml', 'connection_invalid', 'an absolute path'],
      ['add one --from sealed.yaml', 'usage', 'nothing is sealed in the store'],
      ['add one --preset unheard-of', 'usage', '"graph-import" or "csp-partner"'],
      ['add one --preset csp-partner --from x.yaml', 'usage', 'saw both'],
      [`add one --provider contoso ${client} --upstream arm`, 'usage', 'NAME=RESOURCE'],
      [
        `add one --provider contoso ${client} --secret-env S --credential 1`,
        'usage',
        '--credential',
      ],
      [
        `add one --provider contoso ${client} --secret-env S --expires soon`,
        'connection_invalid',
        'expiresAt',
      ],
      [
        `add one --provider contoso ${client} --secret-env S --via pigeon`,
        'connection_invalid',
        'via',
      ],
      ['edit app --scope read', 'connection_read_only', 'configuration file'],
      ['edit ap --scope read', 'connection_unknown', 'did you mean "app"?'],
      ['edit app', 'usage', 'expected something to change'],
      ['edit app --preset csp-partner', 'usage', '--preset'],
      ['remove app', 'connection_read_only', 'configuration file'],
      ['remove ap', 'connection_unknown', 'did you mean "app"?'],
      ['export ap', 'connection_unknown', 'did you mean "app"?'],
    ]
    for (const [args, code, said] of refusals) {
      const { exit, out, note } = await connections(args)
      expect({ args, exit, out }).toEqual({ args, exit: 2, out: '' })
      expect(note).toContain(`[${code}]`)
      expect(note).toContain(said)
      expect(note).not.toContain('planted')
    }
    const listed = (await connections('list --json')).json() as { readonly name: string }[]
    expect(listed.map(({ name }) => name)).toEqual(['app', 'overlap', 'strict', 'graced'])
    expect(world.tokenRequests()).toEqual([])
  })

  it('let no secret out, neither in print nor in the bytes of the store', async () => {
    world = await makeWorld(store)
    const outcomes = [
      await addApp('sealed'),
      await connections('show sealed'),
      await connections('show sealed --json'),
      await connections('export sealed'),
      await connections('export sealed --json'),
      await connections('edit sealed --secret --json', 'second~secret.planted'),
      await connections('test sealed'),
    ]
    expect(outcomes.map(({ exit }) => exit)).toEqual([0, 0, 0, 0, 0, 0, 3])
    const printed = outcomes.map(({ out, note }) => out + note).join('\n')
    const bytes = await storedBytes()
    for (const secret of [world.simulator.client.secret, 'second~secret.planted']) {
      expect(printed).not.toContain(secret)
      expect(bytes).not.toContain(secret)
    }
    expect(bytes).toContain('credentials[0]')
  })

  it('are known to a service within a second, changed and gone as well, and come back', async () => {
    world = await makeWorld(store)
    const service = await world.service()
    const ask = (): Promise<Readonly<Record<string, number>>> => service.tokens('late', appScopes)
    expect(await ask()).toEqual({ 'error connection_unknown': 1 })

    expect(await addApp('late')).toMatchObject({ exit: 0, note: '' })
    let first: Readonly<Record<string, number>> = {}
    await withinASecond(async () => {
      first = await ask()
      expect(Object.keys(first)[0]).toMatch(/^[0-9a-f]{16}$/)
    })
    const grantId = (await world.show('late'))['grant_id']

    expect(await connections(`edit late --resource https://vault.azure.net`)).toMatchObject({
      exit: 0,
    })
    await withinASecond(async () => expect(await ask()).toEqual({ 'error usage': 1 }))
    const vault = await service.tokens('late', 'https://vault.azure.net/.default')
    expect(Object.keys(vault)[0]).toMatch(/^[0-9a-f]{16}$/)

    expect(await connections('remove late')).toMatchObject({ exit: 0, out: 'late: removed\n' })
    await withinASecond(async () => expect(await ask()).toEqual({ 'error connection_unknown': 1 }))

    await addApp('late')
    expect(await world.show('late')).toMatchObject({ state: 'orphaned', grant_id: grantId })
    await withinASecond(async () => expect(Object.keys(await ask())[0]).toMatch(/^[0-9a-f]{16}$/))
    expect(await world.show('late')).toMatchObject({ state: 'valid', grant_id: grantId })
  })

  it('use a secret that was given anew at once, in running services too', async () => {
    world = await makeWorld(store)
    await addApp('late')
    const service = await world.service()
    const before = await service.tokens('late', appScopes)
    world.simulator.control.setSecrets([{ value: 'rotated~secret' }])
    await connections('edit late --secret', 'rotated~secret\n')
    await withinASecond(async () => {
      const after = await service.tokens('late', appScopes)
      expect(after).not.toEqual(before)
      expect(Object.keys(after)[0]).toMatch(/^[0-9a-f]{16}$/)
    })
    expect(world.tokenRequests().map(({ outcome }) => outcome)).toEqual(['issued', 'issued'])
  })

  it('lose no change of another editor', async () => {
    world = await makeWorld(store)
    await addApp('late')
    // The second editor has read the connection and types its secret while the first one saves.
    const editing = await world.evergrant(['connections', 'edit', 'late', '--secret'], async () => {
      expect(await connections('edit late --expires 2031-01-01')).toMatchObject({ exit: 0 })
      return 'typed too late'
    })
    expect(editing).toMatchObject({ exit: 2, out: '' })
    expect(editing.note).toContain('[connection_changed]')
    expect((await connections('export late')).out).toContain('2031-01-01')
    expect((await connections('test late')).exit).toBe(0)
  })

  it('keep what an edit does not name', async () => {
    world = await makeWorld(store)
    await writeFile(join(world.folder, 'from-a-file'), world.simulator.client.secret)
    await addApp('late')
    await connections('edit late --via basic --expires 2031-01-01')
    await connections('edit late --secret-file ./from-a-file')
    const { connections: exported } = (await connections('export late --json')).json() as {
      readonly connections: Readonly<Record<string, unknown>>
    }
    expect(exported['late']).toMatchObject({
      resource: graph,
      client: {
        id: world.simulator.client.id,
        // The new secret is sent as the old one was; when the old one ends is of no use any more.
        credentials: [{ secret: { file: join(world.folder, 'from-a-file') }, via: 'basic' }],
      },
    })
    expect(JSON.stringify(exported)).not.toContain('2031')
    expect((await connections('test late')).exit).toBe(0)
  })

  it('try a second credential once the first is refused', async () => {
    world = await makeWorld(store)
    await addApp('late')
    await connections('edit late --credential 1 --secret', 'second~secret')
    world.simulator.control.setSecrets([{ value: 'second~secret' }])
    expect(await connections('test late')).toMatchObject({ exit: 0 })
    expect(world.tokenRequests().map(({ outcome }) => outcome)).toEqual(['refused', 'issued'])
  })

  it('read back from what `export` printed, in the file and in the store', async () => {
    world = await makeWorld(store)
    await addApp('sealed')
    await connections('edit sealed --upstream arm=https://management.azure.com')
    const { out, note } = await connections('export sealed')
    expect(note).toContain('SEALED_SECRET')
    const written = await readFile(world.configPath, 'utf8')
    const entry = out.replace(/^connections:\n/, '').replaceAll('sealed:', 'exported:')
    await writeFile(world.configPath, `${written.trimEnd()}\n${entry}`)
    expect(await connections('show exported --json')).toMatchObject({ exit: 0 })
    const shown = await world.show('exported')
    expect(shown).toMatchObject({ ...(await definitionOf('sealed')), defined_in: 'file' })

    await writeFile(join(world.folder, 'exported.yaml'), out)
    expect(await connections('add again --from exported.yaml')).toMatchObject({ exit: 0 })
    expect(await world.show('again')).toMatchObject(await definitionOf('sealed'))
    expect((await connections('export again')).out).toBe(out.replaceAll('sealed:', 'again:'))
  })

  it('are set aside when the file defines the name, and when their provider is gone', async () => {
    world = await makeWorld(store)
    await addApp('late')
    await addApp('other')
    const written = await readFile(world.configPath, 'utf8')
    const renamed = written.replaceAll('contoso', 'fabrikam').replace('  app:', '  late:')
    await writeFile(world.configPath, renamed)
    const { exit, out, note } = await connections('list')
    expect(exit).toBe(0)
    expect(out).toMatch(/^late +unused +/m)
    expect(out).not.toMatch(/^other /m)
    expect(note).toMatch(/"late" .*the configuration file defines/)
    expect(note).toMatch(/"other" of the store [^]*saw "contoso"/)
    expect((await connections('export other')).note).toContain('[connection_invalid]')
    expect((await connections('remove other')).exit).toBe(0)
  })
})

async function definitionOf(name: string): Promise<object> {
  const { provider, tenant, client_id, grant, resource } = await world.show(name)
  return { provider, tenant, client_id, grant, resource }
}
