import { describeSeen } from './describe-seen.ts'
import type { Finding } from './explain-issue.ts'
import { graphResources } from './graph-resources.ts'
import { member } from './json-schema.ts'
import { guid } from './provider-schema.ts'
import type { ReadIssuer } from './read-issuer.ts'

/** Microsoft Graph, and the directory API before it, by their ids and addresses. */
const graphAudiences = new Set([
  '00000003-0000-0000-c000-000000000000',
  '00000002-0000-0000-c000-000000000000',
  'https://dod-graph.microsoft.us',
  'https://graph.windows.net',
  ...Object.values(graphResources),
])

/** Finds audiences that no token for an API of one’s own has. */
export function checkAudiences(issuer: ReadIssuer): readonly Finding[] {
  const audiences = member(issuer.written, 'audiences')
  if (!Array.isArray(audiences)) return []
  return audiences.flatMap((audience: unknown, index): Finding[] => {
    if (typeof audience !== 'string') return []
    const wrong = whyImpossible(audience, issuer)
    if (wrong === undefined) return []
    const path = [...issuer.path, 'audiences', index]
    return [{ path, at: 'value', seen: describeSeen(path, issuer.source, true), ...wrong }]
  })
}

function whyImpossible(
  audience: string,
  { type, isEntraUserInfo }: ReadIssuer,
): Pick<Finding, 'expected' | 'remedy'> | undefined {
  if (/\S\s+\S/.test(audience)) {
    return {
      expected: 'one audience, without blanks in it',
      remedy: 'Write each audience as an entry of its own.',
    }
  }
  if (audience === '*') {
    return {
      expected: 'an audience as it stands in `aud`; there is no wildcard',
      remedy:
        'Name the audiences: a token for another API is another API’s secret, and who holds it is no caller of this one.',
    }
  }
  // Where UserInfo is the only proof, audiences are not looked at and tokens are Graph’s.
  if (type !== 'entra' || isEntraUserInfo) return undefined
  if (graphAudiences.has(audience.toLowerCase().replace(/\/$/, ''))) {
    return {
      expected: 'the audience of your own API, not that of Microsoft Graph',
      remedy:
        'Register an API in Entra ("Expose an API") and have callers ask for its scope: tokens for Graph are for Graph alone, and their signature cannot be verified by others.',
    }
  }
  if (audience.endsWith('/.default')) {
    return {
      expected: 'an audience, not the scope that is asked for',
      remedy: `Write ${audience.slice(0, -'/.default'.length)}, or the application id of the API; \`aud\` has no "/.default".`,
    }
  }
  if (guid.test(audience) && audience !== audience.toLowerCase()) {
    return {
      expected: 'the application id in lower case, as tokens have it',
      remedy: `Write ${audience.toLowerCase()}: audiences are compared letter by letter.`,
    }
  }
  return undefined
}
