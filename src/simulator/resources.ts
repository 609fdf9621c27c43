/** Graph's application id, and the names tokens for it are asked under. */
export const graphApplicationId = '00000003-0000-0000-c000-000000000000'

const graphResources = [
  'https://graph.microsoft.com',
  'https://graph.microsoft.us',
  'https://dod-graph.microsoft.us',
  'https://microsoftgraph.chinacloudapi.cn',
  graphApplicationId,
]

/** Resources besides Graph that tokens are issued for; Graph refuses such tokens. */
const otherResources = [
  'https://management.azure.com',
  'https://management.core.windows.net',
  'https://api.partnercenter.microsoft.com',
  'https://vault.azure.net',
]

/** Tells whether an audience means Graph; the simulator's own address does as well. */
export function isGraphAudience(audience: string, origin: string): boolean {
  return graphResources.includes(audience) || audience === origin
}

/**
 * The audience of a token for `resource`, or undefined where the tenant has no such resource.
 * Loopback addresses stand for the simulated Graph.
 */
export function audienceOf(
  resource: string,
  applicationIds: Iterable<string>,
  origin: string,
): string | undefined {
  const wanted = resource.replace(/\/$/, '')
  if (graphResources.includes(wanted) || otherResources.includes(wanted)) return wanted
  if (wanted === origin || /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(wanted)) {
    return 'https://graph.microsoft.com'
  }
  for (const id of applicationIds) if (wanted === id || wanted === `api://${id}`) return wanted
  return undefined
}
