/**
 * The resource identifier of Microsoft Graph in each cloud; tokens name it wherever Graph is
 * reached.
 */
export const graphResources = {
  global: 'https://graph.microsoft.com',
  usgov: 'https://graph.microsoft.us',
  china: 'https://microsoftgraph.chinacloudapi.cn',
} as const
