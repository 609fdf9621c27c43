import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { configJsonSchema } from '../src/config/index.ts'
import { apiOperations, describeApi } from '../src/server/index.ts'
import { format, resolveConfig } from 'prettier'
import { renderBearerAttacksPage } from './reference/bearer-attacks-page.ts'
import { renderClientTypes, type ApiDocument } from './reference/client-types.ts'
import { renderConfigPage } from './reference/config-page.ts'
import { renderErrorsPage } from './reference/errors-page.ts'
import { renderEventsPage } from './reference/events-page.ts'
import { renderRemediesPage } from './reference/remedies-page.ts'
import { renderRejectionPresetsPage } from './reference/rejection-presets-page.ts'

// `npm run docs` writes docs/reference from the sources; with `--check` it writes nothing, names the
// files that differ and exits 1.
const api = `${JSON.stringify(describeApi(apiOperations), undefined, 2)}\n`
const clientTypes = renderClientTypes(JSON.parse(api) as ApiDocument)
const style = await resolveConfig(fileURLToPath(import.meta.url))

const pages: Readonly<Record<string, string>> = {
  'docs/reference/errors.md': renderErrorsPage(),
  'docs/reference/remedies.md': renderRemediesPage(),
  'docs/reference/config.md': renderConfigPage(),
  'docs/reference/evergrant.schema.json': `${JSON.stringify(configJsonSchema(), undefined, 2)}\n`,
  'docs/reference/openapi.json': api,
  'src/client/api-types.ts': await format(clientTypes, { ...style, parser: 'typescript' }),
  'docs/reference/events.md': renderEventsPage(),
  'docs/reference/bearer-attacks.md': await renderBearerAttacksPage(),
  'docs/reference/rejection-presets.md': renderRejectionPresetsPage(),
}

const isCheck = process.argv.includes('--check')
const drifted: string[] = []
for (const [name, rendered] of Object.entries(pages)) {
  const path = fileURLToPath(new URL(`../${name}`, import.meta.url))
  const present = await readFile(path, 'utf8').catch(() => undefined)
  if (present?.replaceAll('\r\n', '\n') === rendered) continue
  drifted.push(name)
  if (isCheck) continue
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, rendered)
}
if (isCheck && drifted.length > 0) {
  console.error(`differs from its source: ${drifted.join(', ')}; run \`npm run docs\` and commit`)
  process.exitCode = 1
} else {
  console.log(drifted.length === 0 ? 'docs/reference is up to date' : `wrote ${drifted.join(', ')}`)
}
