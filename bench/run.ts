import { writeFile } from 'node:fs/promises'
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
import type { Tell } from './rounds.ts'
import { fullScale, quickScale, type Scale } from './scale.ts'
import { benchStampede } from './stampede.ts'
import { benchStampedeOfProcesses } from './stampede-processes.ts'
import { describeSurroundings } from './surroundings.ts'
import { benchThrottle } from './throttle.ts'

// `npm run bench` measures everything and writes RESULTS.md; `npm run bench -- import --quick`
// measures a part, or a little, and only prints it.
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
  const parts: string[] = []
  for (const name of wanted) {
    const part = await benchmarks[name]?.(scale, (line) => console.error(`  ${name} ${line}`))
    if (part === undefined) continue
    parts.push(formatPart(part))
    console.log(`\n${parts.at(-1)}\n`)
  }
  if (isQuick || names.length > 0) {
    console.log('RESULTS.md stays as it is: only a whole run at full scale is written there.')
    return
  }
  const text = describeResults(surroundings, parts, scale)
  await writeFile(new URL('RESULTS.md', import.meta.url), text)
}

function describeResults(
  surroundings: readonly string[],
  parts: readonly string[],
  { rounds }: Scale,
): string {
  return `# Results of the benchmark

Written by \`npm run bench\`; every number was measured in that one run.

${surroundings.map((line) => `- ${line}`).join('\n')}

Each side ran ${rounds} times, the sides in turn and every time in a fresh process. A ratio is ours
to a peer's of the same round; its median and its spread are those of the rounds. Bars are those
the project has set itself.

${parts.join('\n\n')}

## Repeat it

\`\`\`sh
npm ci
npm run bench                     # everything; writes this file
npm run bench -- import           # one part alone: ${Object.keys(benchmarks).join(', ')}
npm run bench -- --quick          # a few seconds of each, to see that it works
\`\`\`

Nothing else should run on the machine meanwhile. [README.md](README.md) says how the sides are kept
fair.
`
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
