import { rejectionPresets, ruleYaml, type RejectionPreset } from '../../src/gateway/index.ts'
import { pageHead, table } from './markdown.ts'

/** Renders `docs/reference/rejection-presets.md` from the presets themselves. */
export function renderRejectionPresetsPage(): string {
  const presets = Object.entries(rejectionPresets)
  return `${[
    pageHead('Rejection presets', 'src/gateway/rejection-presets.ts'),
    'How APIs say that a token has expired when they do not say 401, as packs of rules. An upstream names those it needs, beside rules of its own:',
    '```yaml\nupstream:\n  url: https://api.powerbi.com\n  resource: https://analysis.windows.net/powerbi/api\n  rejected: [power-bi, { status: 500, text: "access token expired" }]\n```',
    'A 401 and a claims challenge are understood without any. Rules only ever add to that. What a preset leaves alone (missing permissions, revoked sessions, faults of the API) is passed on untouched.',
    table(
      ['preset', 'for'],
      presets.map(([name, { api }]) => [`[\`${name}\`](#${name})`, api]),
    ),
    ...presets.map(renderPreset),
  ].join('\n\n')}\n`
}

function renderPreset([name, { api, about, rules }]: [string, RejectionPreset]): string {
  const list = rules.map((rule) => `- ${ruleYaml(rule)}`).join('\n')
  return [`## \`${name}\``, `${api}.`, about, `\`\`\`yaml\n${list}\n\`\`\``].join('\n\n')
}
