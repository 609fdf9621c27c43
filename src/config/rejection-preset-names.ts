/**
 * Packs of rejection rules that the gateway knows. `microsoft` stands for `power-bi`, `fabric`,
 * `databricks`, `azure-devops` and `graph`.
 */
export const rejectionPresetNames = [
  'microsoft',
  'power-bi',
  'fabric',
  'databricks',
  'azure-devops',
  'graph',
  'salesforce',
  'amazon-sp-api',
  'bungie',
  'firebolt',
  'marketo',
  'wechat',
  'slack',
  'meta',
  'arcgis',
  'netatmo',
  'halopsa',
] as const

/** Tells whether a text names a pack of rules. */
export function isRejectionPreset(text: string): boolean {
  return rejectionPresetNames.some((name) => name === text)
}
