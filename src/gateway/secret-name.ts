const telltales =
  /token|secret|passw|passphrase|passcode|passkey|pwd|kennwort|(?:api|access|account|shared|private|client|primary|secondary|master|signing|encryption|functions?|subscription|storage|license|symmetric)key|assertion|saml(?:request|response)|credential|authorization|signature|cookie|session|verifier|otp|connectionstring|csrf|xsrf|devicecode|hmac/
const exact = new Set('sig sas sid pin cvv auth pass jwt key pw bearer pfx'.split(' '))
/** Names in which one of the words above promises nothing secret. */
const harmless = new Set([
  'tokentype',
  'tokenexpires',
  'tokenexpiry',
  'sessionstate',
  'authorizationuri',
  'authorizationendpoint',
  'tokenendpoint',
  'tokenuri',
])

/** Whether a member, parameter or element of that name holds something secret. */
export function isSecretName(name: string): boolean {
  const plain = name
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^a-z\d]/g, '')
  return !harmless.has(plain) && (telltales.test(plain) || exact.has(plain))
}
