/** Where a row is proven beyond the attacks that are played: a test by its file and its name. */
export interface Proof {
  readonly file: string
  /** Text of the test's name, as it stands in the file. */
  readonly test: string
}

/** A row of the list of attacks. */
export interface AttackRow {
  readonly row: number
  readonly attack: string
  /** What has to come of it. */
  readonly expectation: string
  readonly proofs?: readonly Proof[]
}

const parser = 'src/identity/compact-jwt.test.ts'
const verifier = 'src/identity/verify-token.test.ts'
const matcher = 'src/identity/match-account.test.ts'
const keySet = 'src/oauth/key-set.test.ts'
const keyCache = 'src/oauth/key-cache.test.ts'
const fetchKeys = 'src/oauth/fetch-keys.test.ts'
const matching = 'test/conformance/matching-attacks.test.ts'
const sources = 'src/identity/claim-sources.test.ts'
const identify = 'src/identity/identify.test.ts'
const identity = 'test/conformance/identity-attacks.test.ts'
const accounts = 'test/contract/accounts.contract.ts'
const issuerConfig = 'src/config/issuer-refusals.test.ts'
const introspection = 'src/oauth/revoke-introspect.test.ts'
const challenge = 'src/access/challenge.test.ts'
const callers = 'test/flows/bearer-callers.test.ts'
const proxies = 'test/flows/auth-verify.test.ts'
const sessions = 'test/flows/sessions.test.ts'
const askedIssuers = 'test/flows/bearer-sources.test.ts'
const attacksTest = 'test/conformance/attacks.test.ts'
const fuzz = 'test/conformance/fuzz.test.ts'

/**
 * Every attack on a bearer token that is known here. Most are played, on us and on others
 * (`attacks.ts`); a row says where the rest of it is proven.
 */
export const attackTable: readonly AttackRow[] = [
  {
    row: 1,
    attack: '`alg` none, in any spelling; an empty signature',
    expectation: '401, without any request',
  },
  {
    row: 2,
    attack: 'HMAC with the public key as secret',
    expectation: '401: asymmetric algorithms alone, tied to the type of the key',
    proofs: [{ file: keySet, test: 'by a secret is none, and neither is no signature' }],
  },
  {
    row: 3,
    attack: '`alg` that is not the key’s; RSA below 2,048 bits; weak exponents',
    expectation: '401; the key is skipped when keys are read, and named to the operator',
    proofs: [{ file: keySet, test: 'exponent 1' }],
  },
  {
    row: 4,
    attack: 'signatures of zeros, in DER, with bytes behind',
    expectation: '401 `token_signature_invalid`',
    proofs: [
      { file: keySet, test: 'of a curve has one form' },
      { file: fuzz, test: 'with any one byte changed is never accepted' },
    ],
  },
  {
    row: 5,
    attack: '`kid` that is a path, SQL, a prototype name, huge, no text',
    expectation: '401: a name is looked up exactly, in memory',
  },
  {
    row: 6,
    attack: '`jwk`, `jku`, `x5u`, `x5c` in the header',
    expectation: '401: never used, never fetched',
  },
  { row: 7, attack: 'unknown `crit`; `b64` false', expectation: '401 `token_malformed`' },
  {
    row: 8,
    attack: 'a name twice, in the header or the claims',
    expectation: '401 `token_malformed`; one reading serves every stage',
    proofs: [{ file: fuzz, test: 'is read as it was written, or refused' }],
  },
  {
    row: 9,
    attack: 'names that fold onto registered ones (`ISS`, `ſub`)',
    expectation: '401 `token_malformed`',
  },
  {
    row: 10,
    attack: 'no UTF-8, byte order marks, lone surrogates, other spellings of base64url, blanks',
    expectation: '401 `token_malformed`',
    proofs: [{ file: parser, test: 'and has one spelling only' }],
  },
  {
    row: 11,
    attack: 'depth and size',
    expectation: '431 or 401, before any signature is looked at',
    proofs: [{ file: fuzz, test: 'is read in a moment: %s' }],
  },
  {
    row: 12,
    attack: 'encrypted tokens: compressed, or with costly passwords',
    expectation: '401 `token_encrypted`; nothing is decrypted or inflated',
  },
  { row: 13, attack: 'no `exp`', expectation: '401 `token_time_invalid`, never "expired"' },
  {
    row: 14,
    attack: '`exp` that is no number, endless, beyond the longest life',
    expectation: '401 `token_time_invalid`',
  },
  {
    row: 15,
    attack: '`nbf`, `iat` ahead or impossible; clocks apart',
    expectation: '401, naming both times; 60 seconds are allowed',
  },
  {
    row: 16,
    attack: '`aud` missing, empty, nested, of mixed types, nearly equal',
    expectation: '401 `token_audience_refused`: equal, byte by byte',
  },
  {
    row: 17,
    attack: '`iss` that only looks alike',
    expectation: '401 `token_issuer_unknown`: equal, byte by byte; no address is normalised',
  },
  {
    row: 18,
    attack: 'tenant and issuer that do not belong together; keys of another tenant',
    expectation: '401 `token_tenant_refused`',
    proofs: [
      { file: verifier, test: 'signed by a key for one tenant holds for that tenant alone' },
    ],
  },
  {
    row: 19,
    attack: 'the key of another issuer, under the same name',
    expectation: '401: keys are looked for among those of the issuer alone',
  },
  {
    row: 20,
    attack: 'another kind of token: ID token, for Graph, for another API, refresh token',
    expectation: '401, saying what it is and which token to ask for',
    proofs: [{ file: verifier, test: 'for Microsoft Graph is told what it is, wherever it fails' }],
  },
  {
    row: 21,
    attack:
      'substitution in UserInfo and introspection: another `sub`, another client, `active` no boolean',
    expectation: '401 or 403; claims of UserInfo only add',
    proofs: [
      { file: matcher, test: 'are added to, never overridden, and keep their origin' },
      { file: sources, test: 'gets a token refused when it %s' },
      { file: sources, test: 'is refused when introspection says that it is %s' },
      { file: introspection, test: 'fails as %s and takes no token for active' },
      {
        file: askedIssuers,
        test: 'is believed in signed UserInfo only as far as its signature goes',
      },
    ],
  },
  {
    row: 22,
    attack: 'a verdict that is kept beyond `exp`',
    expectation: 'time is looked at again at every use',
    proofs: [
      { file: verifier, test: 'is the same with and without memory, whatever time does' },
      {
        file: identify,
        test: 'never outlives the token, though it was looked up a moment before its end',
      },
    ],
  },
  {
    row: 23,
    attack: 'a verdict that is kept beyond its key, its configuration, its account',
    expectation: 'it goes with what it rests on',
    proofs: [
      { file: verifier, test: 'ends with the token, with its key, and after a minute' },
      { file: identify, test: 'goes with the key that signed' },
      { file: proxies, test: 'by the state of now: a disabled account is refused within a second' },
      { file: callers, test: 'swaps issuers in one step' },
    ],
  },
  {
    row: 24,
    attack: 'two tokens under one name in memory',
    expectation: 'kept by the SHA-256 of the whole token, for one set of rules',
  },
  {
    row: 25,
    attack: 'floods of unknown keys and of bad signatures',
    expectation: 'one request in 30 seconds, none for a known key; good tokens do not notice',
    proofs: [{ file: keyCache, test: 'cost the issuer one request in thirty seconds' }],
  },
  {
    row: 26,
    attack: 'an issuer that redirects, is plain http, huge, slow, away, or publishes odd keys',
    expectation: 'the last good keys serve for a day; 503 only when there are none',
    proofs: [
      { file: fetchKeys, test: 'are none when the answer is %s' },
      { file: fetchKeys, test: 'and come over https alone' },
      { file: keyCache, test: 'serve for a day while the issuer is away' },
      { file: keySet, test: 'is bounded, has no two keys of a name, and must be one' },
    ],
  },
  {
    row: 27,
    attack: 'addresses in `_claim_sources`',
    expectation: 'never followed',
    proofs: [{ file: identity, test: 'never at an address that it names' }],
  },
  {
    row: 28,
    attack: 'SQL, LDAP, expressions in claims and names of columns',
    expectation: 'claims are data; columns are those of the rule',
    proofs: [
      { file: matching, test: 'is asked for as it is' },
      { file: accounts, test: 'never by a column that is no name of a property' },
    ],
  },
  {
    row: 29,
    attack: 'a list, a number, an object where a text is expected',
    expectation: '403 `claim_type`: nothing is made a text',
    proofs: [
      { file: matching, test: 'is no text, and finds nobody' },
      { file: accounts, test: 'never by what is no text there' },
    ],
  },
  {
    row: 30,
    attack: 'case and Unicode: full width, ß, dotless i, composed and decomposed, blanks',
    expectation: 'equal byte by byte, or by ASCII letters where a rule says so',
    proofs: [
      { file: matching, test: 'looks alike, and finds nobody' },
      { file: accounts, test: 'exactly, or in lower case of ASCII letters alone' },
    ],
  },
  {
    row: 31,
    attack: 'an empty, blank or null claim, and an empty column',
    expectation: 'never a match',
    proofs: [{ file: matching, test: 'says nothing, and finds nobody' }],
  },
  {
    row: 32,
    attack: 'the same value in several accounts',
    expectation: '403 `account_ambiguous`; never the first, the last, the oldest',
    proofs: [
      { file: matcher, test: 'is none when the same address is in three tenants' },
      { file: matching, test: 'is that of several accounts, and finds none of them' },
    ],
  },
  {
    row: 33,
    attack: 'values that are given to somebody else (mail, user name)',
    expectation: 'refused as the only key by the check of the configuration',
    proofs: [{ file: issuerConfig, test: 'an address as all that a rule rests on' }],
  },
  {
    row: 34,
    attack: 'names that run together (`a/b` + `c`, `a` + `b/c`)',
    expectation: 'several columns, never one text',
    proofs: [{ file: matching, test: 'are asked for apart, and never run together' }],
  },
  {
    row: 35,
    attack: 'accounts that are disabled, deleted, guests not yet accepted',
    expectation: '403 `account_disabled`, at every call',
    proofs: [
      { file: identify, test: 'a guest yet to accept' },
      {
        file: accounts,
        test: 'never in another tenant, of another kind, or once an import no longer met them',
      },
      { file: accounts, test: 'before they are imported, and whatever imports say later' },
    ],
  },
  {
    row: 36,
    attack: 'the token of an application, equal to a user’s value',
    expectation: 'applications are looked for among applications alone',
    proofs: [
      { file: matcher, test: 'of an application is never a user’s' },
      { file: matching, test: 'of an application asks for applications alone' },
      { file: identify, test: 'never is a user, however equal the values' },
    ],
  },
  {
    row: 37,
    attack: 'two credentials in one request',
    expectation: '400; tokens in addresses are off',
    proofs: [
      { file: callers, test: 'with %s is no valid request' },
      { file: callers, test: 'gains nothing by a token in the query or a cookie' },
    ],
  },
  {
    row: 38,
    attack: 'header injection through the text of an error',
    expectation: 'the characters of RFC 6750 alone',
    proofs: [
      { file: challenge, test: 'has only characters that may stand there, whatever an error says' },
      { file: challenge, test: 'repeats nothing of a token that was judged' },
    ],
  },
  {
    row: 39,
    attack: 'telling strangers who has an account',
    expectation: 'nothing of a later stage before the earlier ones hold',
    proofs: [
      { file: attacksTest, test: 'is told the earliest of two faults, and nothing of the later' },
      { file: callers, test: 'tells nothing of accounts while it does not hold' },
    ],
  },
  {
    row: 40,
    attack: 'timing of session tokens',
    expectation: '256 random bits, looked up by their SHA-256',
    proofs: [
      { file: identity, test: 'looked up by their SHA-256' },
      { file: sessions, test: 'stands in the store as a hash alone' },
    ],
  },
  {
    row: 41,
    attack: 'sessions that outlive their token; codes used twice',
    expectation: 'no longer than the token; single use',
    proofs: [
      { file: sessions, test: 'ends with its token, and after its longest life at the latest' },
      {
        file: sessions,
        test: 'for a code that is wrong, spent, or of a sign-in with another nonce',
      },
      { file: sessions, test: 'are refused within a second of their account being disabled' },
      { file: sessions, test: 'end for good when their issuer leaves the configuration' },
    ],
  },
  {
    row: 42,
    attack: 'tokens in logs and errors',
    expectation: 'names of keys and hashes alone',
    proofs: [
      { file: attacksTest, test: 'has to end' },
      { file: callers, test: 'leaves no trace of itself in the log' },
    ],
  },
]
