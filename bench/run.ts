import { readFile, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { benchAuthVerify } from './auth-verify.ts'
import { benchBearer } from './bearer.ts'
import { benchDueGrants, benchDueGrantsOnPostgres } from './due-grants.ts'
import { benchGatewayImport } from './gateway-import.ts'
import { benchGatewayStream } from './gateway-stream.ts'
import { benchGateway } from './gateway.ts'
import { benchGetToken } from './get-token.ts'
import { benchImport } from './import.ts'
import { benchImportDelay } from './import-delay.ts'
import { benchImportLatency } from './import-latency.ts'
import { benchMemory } from './memory.ts'
import { formatPart, type Part } from './report.ts'
import { formatResults, readParts } from './results.ts'
import type { Tell } from './rounds.ts'
import { fullScale, quickScale, type Scale } from './scale.ts'
import { benchStampede } from './stampede.ts'
import { benchStampedeOfProcesses } from './stampede-processes.ts'
import { describeSurroundings } from './surroundings.ts'
import { benchThrottle } from './throttle.ts'

// `npm run bench` measures everything, `npm run bench -- import` a part of it, and writes what it has
// measured into RESULTS.md; with `--quick` it only prints.
const benchmarks: Readonly<Record<string, (scale: Scale, tell: Tell) => Promise<Part>>> = {
  getToken: benchGetToken,
  bearer: benchBearer,
  authVerify: benchAuthVerify,
  stampede: benchStampede,
  processes: benchStampedeOfProcesses,
  due: benchDueGrants,
  duePostgres: benchDueGrantsOnPostgres,
  import: benchImport,
  importDelay: benchImportDelay,
  importLatency: benchImportLatency,
  throttle: benchThrottle,
  gateway: benchGateway,
  gatewayImport: benchGatewayImport,
  gatewayStream: benchGatewayStream,
  memory: benchMemory,
}

async function main(names: readonly string[], isQuick: boolean): Promise<void> {
  const scale = isQuick ? quickScale : fullScale
  const wanted = names.length === 0 ? Object.keys(benchmarks) : names
  const surroundings = await describeSurroundings()
  console.log(`${surroundings.join('\n')}\n`)
  const results = new URL('RESULTS.md', import.meta.url)
  const parts = new Map(readParts(await readFile(results, 'utf8')))
  for (const name of wanted) {
    const part = await benchmarks[name]?.(scale, (line) => console.error(`  ${name} ${line}`))
    if (part === undefined) continue
    const text = formatPart(part, surroundings)
    console.log(`\n${text}\n`)
    parts.set(name, text)
    // After each part: a run that is interrupted has measured what it has.
    if (!isQuick) await writeFile(results, formatResults(Object.keys(benchmarks), parts))
  }
  if (isQuick) console.log('RESULTS.md stays as it is: numbers of a quick run say nothing.')
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false } },
})
const unknown = positionals.filter((name) => !Object.hasOwn(benchmarks, name))
// Ctrl-C goes through `exit`, which ends the children.
process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))
if (unknown.length > 0) {
  const known = Object.keys(benchmarks).join(', ')
  console.error(`no such benchmark: ${unknown.join(', ')}; there are ${known}`)
  process.exitCode = 2
} else {
  try {
    await main(positionals, values.quick)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
