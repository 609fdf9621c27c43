import { createHmac, createPublicKey } from 'node:crypto'
import { attackBy, honestly, type Attack } from './attack.ts'
import { encode, honestHeader, resigned, signatureUnderOne, signWith, type Forge } from './forge.ts'
import { signToken } from '../support/token-maker.ts'

const algorithmRefused = 'key: token_algorithm_refused'
const keyUnknown = 'key: token_key_unknown'
const signatureInvalid = 'signature: token_signature_invalid'
const malformed = 'parse: token_malformed'

const pemOf = ({ keys }: Forge): string =>
  createPublicKey({ format: 'jwk', key: keys.ours.jwk })
    .export({ format: 'pem', type: 'spki' })
    .toString()

function hmacToken(forge: Forge, secret: string | Buffer, alg = 'HS256'): string {
  const text = `${encode({ alg, kid: 'k1', typ: 'JWT' })}.${encode(forge.claims())}`
  const digest = alg === 'HS512' ? 'sha512' : 'sha256'
  return `${text}.${createHmac(digest, secret).update(text).digest('base64url')}`
}

const curveToken = ({ keys, claims }: Forge): string => signToken(keys.curve, claims())
/** The order of the curve P-256. */
const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')
const unsigned = (alg: string, { claims }: Forge): string =>
  `${encode({ alg, kid: 'k1' })}.${encode(claims())}.`

/** A key that does not belong to the issuer's, put in its place beside the others. */
function publishing(
  row: number,
  verdict: string,
  what: string,
  entry: (forge: Forge) => object,
  make: (forge: Forge) => string,
): Attack {
  return {
    ...attackBy(row, verdict, what, make),
    play: ({ verify, forge, issuer }) => {
      issuer.published = { keys: [entry(forge), ...forge.published.keys.slice(1)] }
      return verify(make(forge))
    },
  }
}

/** Rows 0 to 7: who signed, and by what. */
export const signatureAttacks: readonly Attack[] = [
  honestly(0, 'RS256', ({ signed }) => signed()),
  honestly(0, 'ES256', curveToken),
  honestly(0, 'EdDSA', ({ keys, claims }) =>
    signWith(keys.edwards, null, encode({ alg: 'EdDSA', kid: 'ed1' }), encode(claims())),
  ),
  honestly(0, 'PS256', ({ keys, claims }) =>
    signWith(keys.ours, 'sha256', encode({ alg: 'PS256', kid: 'k1' }), encode(claims()), {
      padding: 6,
      saltLength: 32,
    }),
  ),
  honestly(0, 'the audience among others', ({ signed }) => signed({ aud: ['x', 'api://orders'] })),
  honestly(0, 'ten minutes left', ({ signed, now }) =>
    signed({ iat: now - 3_000, nbf: now - 3_000, exp: now + 600 }),
  ),

  attackBy(1, algorithmRefused, '`alg` none', (forge) => unsigned('none', forge)),
  attackBy(1, algorithmRefused, '`alg` nOnE', (forge) => unsigned('nOnE', forge)),
  attackBy(1, algorithmRefused, '`alg` none, and a signature', ({ keys, claims }) =>
    signToken(keys.stranger, claims(), { alg: 'none' }),
  ),
  attackBy(1, malformed, '`alg` RS256, and an empty signature', ({ signed }) =>
    signed().replace(/[^.]*$/, ''),
  ),
  attackBy(1, malformed, 'no `alg`', ({ claims, parts }) =>
    parts(encode({ kid: 'k1' }), encode(claims())),
  ),

  attackBy(2, algorithmRefused, 'HS256, the secret being the PEM of the key', (forge) =>
    hmacToken(forge, pemOf(forge)),
  ),
  attackBy(2, algorithmRefused, 'HS256, the secret being the JWK', (forge) =>
    hmacToken(forge, JSON.stringify(forge.keys.ours.jwk)),
  ),
  attackBy(2, algorithmRefused, 'HS512, the secret being the modulus', (forge) =>
    hmacToken(forge, Buffer.from(forge.keys.ours.jwk.n ?? '', 'base64url'), 'HS512'),
  ),
  attackBy(2, algorithmRefused, 'HS256, with an empty secret', (forge) => hmacToken(forge, '')),

  attackBy(3, keyUnknown, 'ES256 under the name of an RSA key', ({ signed }) =>
    signed({}, { alg: 'ES256' }),
  ),
  attackBy(3, keyUnknown, 'RS256 under the name of a curve', ({ signed }) =>
    signed({}, { kid: 'ec1' }),
  ),
  attackBy(3, signatureInvalid, 'PS256 in the header, signed by RS256', ({ signed }) =>
    signed({}, { alg: 'PS256' }),
  ),
  attackBy(3, signatureInvalid, 'RS512 in the header, signed by RS256', ({ signed }) =>
    signed({}, { alg: 'RS512' }),
  ),
  publishing(
    3,
    keyUnknown,
    'RS256, though the key is published for PS256 alone',
    ({ keys }) => ({ ...keys.ours.jwk, alg: 'PS256' }),
    ({ signed }) => signed(),
  ),
  publishing(
    3,
    keyUnknown,
    'an RSA key of 1,024 bits',
    ({ keys }) => keys.weak.jwk,
    ({ keys, claims }) => signToken(keys.weak, claims()),
  ),
  publishing(
    3,
    keyUnknown,
    'an RSA key whose exponent is 1, so that anybody signs',
    ({ keys }) => ({ ...keys.ours.jwk, e: 'AQ' }),
    ({ signed }) => resigned(signed(), (_, text) => signatureUnderOne(text, 256)),
  ),
  publishing(
    3,
    keyUnknown,
    'ES256 by a key on the curve P-384',
    ({ keys }) => keys.p384.jwk,
    ({ keys, claims }) =>
      signWith(keys.p384, 'sha256', encode({ alg: 'ES256', kid: 'p384' }), encode(claims()), {
        dsaEncoding: 'ieee-p1363',
      }),
  ),

  attackBy(4, signatureInvalid, 'zeros as signature of a curve (r = s = 0)', (forge) =>
    resigned(curveToken(forge), () => Buffer.alloc(64)),
  ),
  attackBy(4, signatureInvalid, 'the order of the curve as signature (r = s = n)', (forge) =>
    resigned(curveToken(forge), () => Buffer.concat([order, order])),
  ),
  attackBy(4, signatureInvalid, 'a signature of a curve in DER', ({ keys, claims }) =>
    signWith(keys.curve, 'sha256', encode({ alg: 'ES256', kid: 'ec1' }), encode(claims()), {
      dsaEncoding: 'der',
    }),
  ),
  attackBy(4, signatureInvalid, 'a byte behind the signature of a curve', (forge) =>
    resigned(curveToken(forge), (signature) => Buffer.concat([signature, Buffer.alloc(1)])),
  ),
  attackBy(4, signatureInvalid, 'a byte before the signature of an RSA key', ({ signed }) =>
    resigned(signed(), (signature) => Buffer.concat([Buffer.alloc(1), signature])),
  ),
  attackBy(4, signatureInvalid, 'zeros as signature of an RSA key', ({ signed }) =>
    resigned(signed(), () => Buffer.alloc(256)),
  ),
  attackBy(4, signatureInvalid, 'one bit of the signature changed', ({ signed }) =>
    resigned(signed(), (signature) => signature.fill((signature[9] ?? 0) ^ 1, 9, 10)),
  ),
  attackBy(4, signatureInvalid, 'other claims under a good signature', ({ signed, claims }) => {
    const [head, , signature] = signed().split('.')
    return `${head ?? ''}.${encode(claims({ oid: 'x' }))}.${signature ?? ''}`
  }),

  ...['../../etc/passwd\u0000', "' OR '1'='1", '__proto__', 'constructor', 'k1 ', 'K1'].map((kid) =>
    attackBy(5, keyUnknown, `\`kid\` ${JSON.stringify(kid)}`, ({ signed }) => signed({}, { kid })),
  ),
  attackBy(5, keyUnknown, '`kid` of a key that nobody publishes', ({ keys, claims }) =>
    signToken(keys.next, claims()),
  ),
  attackBy(5, malformed, '`kid` of 257 characters', ({ signed }) =>
    signed({}, { kid: 'k'.repeat(257) }),
  ),
  attackBy(5, 'transport: token_too_large', '`kid` of 1 MB', ({ signed }) =>
    signed({}, { kid: 'k'.repeat(1_000_000) }),
  ),
  attackBy(5, malformed, '`kid` that is a number', ({ signed }) => signed({}, { kid: 1 })),
  attackBy(5, malformed, '`kid` that is a list', ({ signed }) => signed({}, { kid: ['k1'] })),

  attackBy(6, signatureInvalid, 'a key of its own in `jwk`', ({ keys, claims }) =>
    signToken(keys.stranger, claims(), { jwk: keys.stranger.jwk }),
  ),
  attackBy(6, keyUnknown, 'a key of its own in `jwk`, under a name of its own', (forge) =>
    signToken(forge.keys.stranger, forge.claims(), { jwk: forge.keys.stranger.jwk, kid: 'mine' }),
  ),
  ...['jku', 'x5u'].map((name) =>
    attackBy(6, signatureInvalid, `an address of keys in \`${name}\``, ({ keys, claims }) =>
      signToken(keys.stranger, claims(), { [name]: 'https://evil.example/keys' }),
    ),
  ),
  attackBy(6, signatureInvalid, 'a certificate in `x5c`', ({ keys, claims }) =>
    signToken(keys.stranger, claims(), { x5c: ['MIIB'] }),
  ),

  attackBy(7, malformed, '`crit` that names something unknown', ({ signed }) =>
    signed({}, { crit: ['x'], x: 1 }),
  ),
  attackBy(7, malformed, '`crit` that names a claim', ({ signed }) =>
    signed({}, { crit: ['exp'], exp: 1 }),
  ),
  attackBy(7, malformed, 'an empty `crit`', ({ signed }) => signed({}, { crit: [] })),
  attackBy(7, malformed, '`b64` false, declared in `crit`', ({ signed }) =>
    signed({}, { crit: ['b64'], b64: false }),
  ),
  attackBy(7, malformed, '`b64` false, not declared', ({ signed }) => signed({}, { b64: false })),
  attackBy(7, malformed, 'a header that is a list', ({ parts, claims }) =>
    parts(encode([honestHeader]), encode(claims())),
  ),
]
