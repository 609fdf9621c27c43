import { describeSeen } from './describe-seen.ts'
import type { Finding } from './explain-issue.ts'
import { member } from './json-schema.ts'
import type { ReadIssuer } from './read-issuer.ts'

/** What an application asks for at Entra itself; no token for another API has it in `scp`. */
const ofSignIn = new Set(['openid', 'profile', 'email', 'offline_access'])

/** Finds permissions that no token of Entra ID has. */
export function checkScopes({
  path,
  written,
  source,
  type,
  isEntraUserInfo,
}: ReadIssuer): Finding[] {
  const scopes = member(written, 'scopes')
  if (type !== 'entra' || !Array.isArray(scopes) || scopes.length === 0) return []
  if (isEntraUserInfo) {
    return [
      {
        path: [...path, 'scopes'],
        at: 'name',
        expected: 'no "scopes" beside "userinfo" alone',
        seen: 'both',
        remedy:
          'Write claims: [token]: UserInfo of Entra ID tells no permissions, so that every caller would be refused.',
      },
    ]
  }
  return scopes.flatMap((scope: unknown, index): Finding[] => {
    if (typeof scope !== 'string') return []
    const wrong = whyNeverGranted(scope)
    if (wrong === undefined) return []
    const at = [...path, 'scopes', index]
    return [{ path: at, at: 'value', seen: describeSeen(at, source, true), ...wrong }]
  })
}

/** Why no token of Entra ID has a permission in `scp` or `roles`; undefined where one may. */
export function whyNeverGranted(scope: string): Pick<Finding, 'expected' | 'remedy'> | undefined {
  if (/\s/.test(scope)) {
    return {
      expected: 'one permission, without blanks',
      remedy: 'Write one rule for each: `scp` is read as a list of permissions.',
    }
  }
  if (ofSignIn.has(scope)) {
    return {
      expected: 'a permission of your own API',
      remedy:
        'Name a scope of "Expose an API", or an app role: what signing in needs is in no token for another API.',
    }
  }
  const name = scope.slice(scope.lastIndexOf('/') + 1)
  if (name === '.default') {
    return {
      expected: 'a permission as `scp` or `roles` has it, never ".default"',
      remedy:
        'Name the scope or the app role: ".default" asks for all of them, and no token has it.',
    }
  }
  if (!scope.includes('://')) return undefined
  return {
    expected: 'the permission alone, as `scp` or `roles` has it',
    remedy: `Write ${name === '' ? 'its name' : name}: the address of the API is what callers ask with, and is not in \`scp\`.`,
  }
}
