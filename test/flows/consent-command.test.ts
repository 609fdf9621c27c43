import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startConsentService } from '../support/consent-service.ts'
import { makeConsentWorld, type ConsentWorld } from '../support/consent-world.ts'
import { openVisitor } from '../support/page-visitor.ts'
import { watch } from '../support/waiting-command.ts'

let world: ConsentWorld
beforeEach(async () => {
  world = await makeConsentWorld()
})
afterEach(() => world.close())

interface MadeLink {
  readonly link: Readonly<Record<string, unknown>> & { readonly id: string }
  readonly url: string
}

const makeLink = async (more = ''): Promise<MadeLink> =>
  (await world.evergrant(`consent link csp --recipient Anna --json${more}`)).json() as MadeLink

describe('evergrant consent link', () => {
  it('is refused for connections nobody signs in for, and out of bounds', async () => {
    for (const [args, text] of [
      ['consent link csp', '--recipient'],
      ['consent link app --recipient Anna', 'needs nobody’s sign-in'],
      ['consent link nobody --recipient Anna', 'connection_unknown'],
      ['consent link csp --recipient Anna --expires 4m', '"expires": expected 5m to 30d'],
      ['consent link csp --recipient Anna --expires soon', '--expires'],
    ] as const) {
      const refused = await world.evergrant(args)
      expect(refused).toMatchObject({ exit: 2, out: '' })
      expect(refused.note).toContain(text)
    }
  })

  it('prints the address once, on standard output alone', async () => {
    const made = await world.evergrant('consent link csp --recipient Anna --expires 3d')
    expect(made.exit).toBe(0)
    expect(made.out).toMatch(/^http:\/\/localhost:8420\/consent\/l\/egl_[\w-]{43}\n$/)
    expect(made.note).toContain('Send it to Anna.')
    expect(made.note).not.toContain('egl_')
    const listed = await world.evergrant('consent links --json')
    expect(listed.json()).toMatchObject([{ recipient: 'Anna', state: 'created' }])
    expect(listed.out).not.toContain('egl_')
  })

  it('is listed, by connection and by what it can still do, and taken back', async () => {
    const first = await makeLink()
    const second = await makeLink(' --note Hello --approve-account')
    expect(second.link).toMatchObject({ note: 'Hello', approves_account: true })
    const idsOf = async (args: string): Promise<unknown> =>
      ((await world.evergrant(`consent links ${args} --json`)).json() as MadeLink['link'][]).map(
        ({ id }) => id,
      )
    expect(await idsOf('csp')).toEqual([second.link.id, first.link.id])
    expect(await idsOf('anna')).toEqual([])
    expect(await idsOf(`--limit 1 --before ${second.link.id}`)).toEqual([first.link.id])
    const taken = await world.evergrant(`consent unlink ${first.link.id}`)
    expect(taken).toMatchObject({ exit: 0, out: `${first.link.id}: taken back, revoked\n` })
    expect(await idsOf('--open')).toEqual([second.link.id])
    const table = await world.evergrant('consent links')
    expect(table.out).toMatch(/Anna\s+revoked/)
    expect((await world.evergrant('consent unlink lnk_none')).note).toContain(
      '[consent_link_unknown]',
    )
  })
})

describe('evergrant consent show', () => {
  it('knows nothing of what was not begun', async () => {
    for (const which of ['csp', 'cns_none']) {
      const none = await world.evergrant(`consent show ${which}`)
      expect(none).toMatchObject({ exit: 2, out: '' })
      expect(none.note).toContain('[consent_session_unknown]')
    }
  })

  it('shows the newest sign-in of a connection, rung by rung', async () => {
    const led = await world.signIn()
    expect((await world.evergrant('consent show csp')).out).toMatch(/state\s+created since/)
    await world.evergrant('consent complete csp', led)
    const shown = await world.evergrant('consent show csp')
    expect(shown.exit).toBe(0)
    expect(shown.out).toMatch(/state\s+active since/)
    expect(shown.out).toMatch(/account\s+admin@contoso.example/)
    expect(shown.out).toContain('passed     Partner Center answers')
    const json = (await world.evergrant('consent show csp --json')).json() as {
      readonly id: string
    }
    const byId = await world.evergrant(`consent show ${json.id}`)
    expect(byId.out).toBe(shown.out)
  })

  it('says why one failed and what to do', async () => {
    const effect = { kind: 'status', status: 401, body: { code: 900421 } } as const
    world.simulator.control.addFault({ match: { kind: 'partner' }, effect })
    await world.evergrant('consent complete csp', await world.signIn())
    const shown = await world.evergrant('consent show csp')
    expect(shown.out).toContain('failed     Partner Center answers')
    expect(shown.out).toContain('[interaction_required]')
    expect(shown.out).toMatch(/\n {4}1\. /)
  })
})

describe('evergrant consent page', () => {
  it('writes one file that needs nothing else', async () => {
    const planted = '<script>alert(1)</script>'
    const made = await world.evergrant(`consent page csp -o page.html --requester ${planted}`)
    expect(made).toMatchObject({ exit: 0, out: '', note: 'wrote page.html\n' })
    const page = await readFile(join(world.folder, 'page.html'), 'utf8')
    expect(page.match(/<script/g)).toHaveLength(1)
    expect(page).not.toContain('alert(1)</script>')
    expect(page).not.toMatch(/(?:src|href)=/)
    expect(page).toContain('default-src &#39;none&#39;')
    expect(page).toContain(world.simulator.client.id)
    const printed = await world.evergrant('consent page csp')
    expect(printed.out).toContain('<!doctype html>')
    expect((await world.evergrant('consent page app')).exit).toBe(2)
  })
})

describe('evergrant consent beside a running service', () => {
  it('takes the sealed code that the page of the service shows', async () => {
    const service = await startConsentService()
    try {
      let sealed = ''
      const waiting = watch('consent csp --manual', service.world, async (address) => {
        const page = await openVisitor().open(address)
        sealed = /egx_[\w-]+/.exec(page.body)?.[0] ?? 'none'
        return sealed
      })
      const ended = await waiting.ended
      expect(ended).toMatchObject({ exit: 0 })
      expect(ended.out).toContain('csp: the consent')
      expect(ended.out + ended.note).not.toContain(sealed)
    } finally {
      await service.close()
    }
  })
})
