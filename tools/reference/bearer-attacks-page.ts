import { readFileSync } from 'node:fs'
import { attackTable, type AttackRow } from '../../test/conformance/attack-table.ts'
import type { Attack, Outcome, Setup, Side } from '../../test/conformance/attack.ts'
import { attacks } from '../../test/conformance/attacks.ts'
import { createForge, type Forge } from '../../test/conformance/forge.ts'
import { isRight, playOnOurs, playOnPeer } from '../../test/conformance/play.ts'
import { peers } from '../../test/conformance/sides/peers.ts'
import { pageHead, table } from './markdown.ts'

/** What came of one attack, on one side. */
interface Played {
  readonly cell: string
  /** Undefined where the question makes no sense. */
  readonly isRight: boolean | undefined
}

/**
 * Renders `docs/reference/bearer-attacks.md` by playing every attack on every verifier. Throws when
 * ours does not end as it has to: the page has no row for that.
 */
export async function renderBearerAttacksPage(): Promise<string> {
  const forge = createForge()
  const rows: (readonly string[])[] = []
  const tallies = ['evergrant', ...peers.map(({ name }) => name)].map((name) => ({
    name,
    right: 0,
    played: 0,
  }))
  // One after the other: a peer is played with the time of the whole process.
  for (const attack of attacks) {
    const cells: Played[] = [await playOurs(attack, forge)]
    for (const peer of peers) cells.push(await playPeer(attack, forge, peer))
    rows.push([String(attack.row), attack.what, ...cells.map(({ cell }) => cell)])
    for (const [at, tally] of tallies.entries()) {
      const right = cells[at]?.isRight
      if (right === undefined || attack.row === 0) continue
      tally.played++
      if (right) tally.right++
    }
  }
  const head = ['row', 'a token with', 'evergrant', ...peers.map(({ name }) => name)]
  const honest = rows.filter(([row]) => row === '0')
  const others = rows.filter(([row]) => row !== '0')
  return `${[
    pageHead('Attacks on bearer tokens', 'test/conformance, by playing every attack'),
    'Every attack below was played when this page was made, on Evergrant and on three libraries that verify JSON Web Tokens. Nothing in the tables is written by hand; `npm run check -- docs` plays them again and fails when an outcome differs.',
    '## How to read it',
    howToRead,
    table(
      ['', 'version', 'set up', 'and, where it accepted, with'],
      [
        ['evergrant', 'this one', oursIsSetUp, ''],
        ...peers.map(({ name, documented, tightened, keeping }) => [
          name,
          versionOf(name),
          documented.by,
          [
            tightened?.by ?? 'no such option',
            ...(keeping === undefined ? [] : [`rows 22 and 24: ${keeping.by}`]),
          ].join('; '),
        ]),
      ],
    ),
    table(
      ['', 'ended as they have to'],
      tallies.map(({ name, right, played }) => [name, `${right} of ${played}`]),
    ),
    '## Honest tokens',
    table(head, honest),
    '## Attacks',
    table(head, others),
    '## Where each row is proven',
    'The list of attacks, what has to come of each, and the tests that show it besides the tables above.',
    table(['row', 'attack', 'what has to come of it', 'proven by'], attackTable.map(describeRow)),
  ].join('\n\n')}\n`
}

const oursIsSetUp =
  'an issuer of type `entra` with its tenant, and an audience; everything else as it is by default'

const howToRead = `\`refused (code)\`, \`accepted\`, \`not applicable\` is what happened. Bold is what should not have: a token that had to be refused was accepted, or the other way round.

Each library is set up as its documentation recommends for the access tokens of one issuer and one audience. Where it accepted something that had to be refused it was asked again with options that are off unless somebody turns them on, and the cell says what came of it: so \`accepted; refused (…) with its options\` is a matter of the default, not of the library. The libraries verify tokens of any kind for any application, and most of what is bold is outside of what they promise or what a specification demands: RFC 7519 lets a parser take the last of two members of one name, demands no \`exp\`, and knows neither the tenants of Entra ID (row 18) nor what tells an ID token from an access token there (row 20); an application that needs these checks adds them. Two exceptions: RFC 7515 has every recipient refuse a \`crit\` that it does not understand (row 7), and wants base64url without padding or blanks (row 10). A key that its issuer publishes is one the issuer vouches for, so weak keys (rows 3 and 26) take an issuer that is careless or hostile. fast-jwt fetches no keys: what depends on that is up to the callback of the application, so it is not applicable. aws-jwt-verify knows no PS256. Our own choices are no better than theirs for everybody: we refuse tokens of more than 16 KiB, 200 members, 32 levels, or a day of life, which somebody else may need.

A row of numbers is what the issuer was asked for its keys. Codes of ours are in [errors.md](errors.md); where a library has no codes, the class of its error stands.`

async function playOurs(attack: Attack, forge: Forge): Promise<Played> {
  const outcome = await playOnOurs(attack, forge)
  const { right } = attack
  const isWhole =
    outcome.kind === 'refused' && right.kind === 'refused'
      ? outcome.code === right.verdict
      : isRight(attack, outcome)
  if (!isWhole) {
    throw new Error(`row ${attack.row}, ${attack.what}: ended as ${JSON.stringify(outcome)}`)
  }
  // The stage stands in the list of codes.
  const told =
    outcome.kind === 'refused' ? { ...outcome, code: outcome.code.replace(/^.*: /, '') } : outcome
  return { cell: show(told, true), isRight: true }
}

async function playPeer(attack: Attack, forge: Forge, peer: Side): Promise<Played> {
  if (attack.needs === 'keys that are fetched' && !peer.fetchesKeys) {
    return { cell: 'not applicable', isRight: undefined }
  }
  const setup = attack.needs === 'verdicts that are kept' ? peer.keeping : undefined
  const play = (by: Setup): Promise<Outcome> => playOnPeer(attack, forge, by)
  const outcome = await play(setup ?? peer.documented)
  const isGood = isRight(attack, outcome)
  const cell = show(outcome, isGood)
  const isTooKind = outcome.kind === 'accepted' && attack.right.kind === 'refused'
  if (!isTooKind || peer.tightened === undefined) return { cell, isRight: isGood }
  const again = await play(peer.tightened)
  const isBetter = isRight(attack, again)
  return {
    cell: isBetter ? `${cell}; ${show(again, true)} with its options` : cell,
    isRight: isGood,
  }
}

function show(outcome: Outcome, isGood: boolean): string {
  const { kind } = outcome
  const text =
    kind === 'refused'
      ? `refused (\`${outcome.code}\`)`
      : kind === 'requests'
        ? `${outcome.requests} ${outcome.requests === 1 ? 'request' : 'requests'}`
        : kind
  return isGood ? text : `**${text}**`
}

function describeRow({ row, attack, expectation, proofs = [] }: AttackRow): string[] {
  const played = attacks.filter((one) => one.row === row).length
  const proven = [
    ...(played === 0 ? [] : [`${played} played above`]),
    ...proofs.map(({ file, test }) => `\`${file}\`: "${test}"`),
  ]
  return [String(row), attack, expectation, proven.join('; ')]
}

/** The version that was played: the one that is installed. */
function versionOf(name: string): string {
  const path = new URL(`../../node_modules/${name}/package.json`, import.meta.url)
  return (JSON.parse(readFileSync(path, 'utf8')) as { readonly version: string }).version
}
