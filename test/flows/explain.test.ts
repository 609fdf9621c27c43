import { describe, expect, it } from 'vitest'
import { startSimulator } from '../../src/simulator/index.ts'
import { runCommand, type CommandOutcome } from '../support/command.ts'

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const tokenOf = (claims: object, header: object = {}): string =>
  `${encode({ typ: 'JWT', alg: 'RS256', kid: 'k1', ...header })}.${encode(claims)}.c2ln`
const explain = (input: string, ...args: readonly string[]): Promise<CommandOutcome> =>
  runCommand(['explain', ...args], { cwd: '/', input })

const tid = '11111111-2222-4333-8444-555555555555'
const user = {
  aud: 'api://orders',
  iss: `https://login.microsoftonline.com/${tid}/v2.0`,
  exp: 4_102_444_800,
  oid: '99999999-2222-4333-8444-555555555555',
  tid,
  sub: 'pairwise',
  scp: 'orders.read',
  ver: '2.0',
}

describe('explain', () => {
  it.each<readonly [what: string, token: string, words: readonly string[]]>([
    [
      'a user’s token',
      tokenOf({ ...user, email: 'a@contoso.example', preferred_username: 'a@contoso.example' }),
      [
        'an access token',
        'Microsoft Entra ID, version 2',
        'a user',
        'oid together with tid finds exactly one account',
        'It has no upn',
        'proves nothing',
        'UserInfo never tells oid, tid or preferred_username',
        '(2100-01-01T00:00:00.000Z)',
      ],
    ],
    [
      'a token for Graph',
      tokenOf({ ...user, aud: '00000003-0000-0000-c000-000000000000' }, { nonce: 'n' }),
      ['for Microsoft Graph', 'request the scope api://YOUR-API/.default'],
    ],
    [
      'an ID token',
      tokenOf({ ...user, scp: undefined, nonce: 'n', aud: 'client' }),
      ['an ID token: it has "nonce"', 'Send the access token.'],
    ],
    [
      'an application’s token',
      tokenOf({ ...user, scp: undefined, idtyp: 'app', roles: ['Orders.Read'] }),
      ['an application', 'never a user'],
    ],
    [
      'an old token',
      tokenOf({ ...user, exp: 1_000_000_000 }),
      ['it says that it ended', 'By its own words it has expired'],
    ],
    [
      'a token with more groups than fit',
      tokenOf({ ...user, _claim_names: { groups: 'src1' } }),
      ['more groups than fit'],
    ],
    [
      'a token of somebody else',
      tokenOf({ iss: 'https://as.example', sub: 'a' }),
      ['not Entra ID'],
    ],
    [
      'a key in its header',
      tokenOf(user, { jku: 'https://evil.example/keys' }),
      ['that is never used'],
    ],
  ])('tells %s', async (_, token, words) => {
    const { exit, out } = await explain(`Bearer ${token}\n`)
    expect(exit).toBe(0)
    for (const word of words) expect(out).toContain(word)
    // Nothing is claimed that was not looked at.
    expect(out).toMatch(/signature +open +nothing to hold it against/)
    expect(out).not.toContain(token.slice(-20))
  })

  it('names what cannot be read, without repeating it', async () => {
    const { exit, note, out } = await explain('planted-opaque-token-value')
    expect(exit).toBe(3)
    expect(note).toContain('[token_opaque]')
    expect(out).toMatch(/parse +failed +expected a signed JWT/)
    expect(out + note).not.toContain('planted')
    const encrypted = await explain('a.b.c.d.e')
    expect(encrypted.note).toContain('[token_encrypted]')
    const nothing = await explain('')
    expect(nothing.exit).toBe(2)
    expect(nothing.note).toContain('evergrant explain < token.txt')
  })

  it('prints JSON, of a token as Entra’s stand-in issues it', async () => {
    await using simulator = await startSimulator()
    const answer = await fetch(
      `${simulator.urls.authority}/${simulator.tenant}/oauth2/v2.0/token`,
      {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: simulator.client.id,
          client_secret: simulator.client.secret,
          scope: 'https://graph.microsoft.com/.default',
        }),
      },
    )
    const { access_token: token } = (await answer.json()) as { readonly access_token: string }
    const told = (await explain(token, '--json')).json() as Record<string, unknown>
    expect(told).toMatchObject({ kind: 'graph', principal: 'application' })
    expect(told['claims']).toContainEqual(
      expect.objectContaining({ name: 'tid', value: simulator.tenant, quality: 'part_of_key' }),
    )
  })
})
