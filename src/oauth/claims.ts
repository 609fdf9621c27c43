import { err, ok, type Result } from '../kernel/index.ts'

const longestClaims = 8_192

type JsonObject = Readonly<Record<string, unknown>>

/**
 * Decodes the `claims` of a challenge, base64 or base64url, into canonical JSON text. Refuses what
 * is longer than 8 KiB, is not base64, or is not a JSON object.
 *
 * @see https://learn.microsoft.com/en-us/entra/identity-platform/claims-challenge
 */
export function decodeClaims(encoded: string): Result<string, string> {
  const text = encoded.trim()
  if (text.length > longestClaims) return err('the claims are longer than 8 KiB')
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) return err('the claims are not base64')
  const decoded = Buffer.from(text, 'base64').toString('utf8')
  const claims = parseObject(decoded)
  return claims === undefined ? err('the claims are not a JSON object') : ok(JSON.stringify(claims))
}

/**
 * Returns the claims request to send to the token endpoint: those of a challenge, if any, joined
 * with the client capability `cp1` where the client declares it; undefined when there is nothing to
 * ask. What the challenge asks for is kept as it is.
 *
 * @param claims JSON text of a claims request.
 * @param declaresCp1 Whether we declare that we handle claims challenges.
 */
export function mergeClaims(claims: string | undefined, declaresCp1: boolean): string | undefined {
  const asked = claims === undefined ? undefined : parseObject(claims)
  if (!declaresCp1) return asked === undefined ? undefined : JSON.stringify(asked)
  const accessToken = objectOf(asked?.['access_token'])
  const capabilities = objectOf(accessToken['xms_cc'])
  const values = Array.isArray(capabilities['values']) ? (capabilities['values'] as unknown[]) : []
  return JSON.stringify({
    ...asked,
    access_token: {
      ...accessToken,
      xms_cc: { ...capabilities, values: [...new Set([...values, 'cp1'])] },
    },
  })
}

function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {}
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
