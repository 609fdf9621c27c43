// Runs inside an installation of the package: the packed command imports a simulated tenant, whose
// tokens die on the way, into a file that must equal the tenant.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { startSimulator } from 'evergrant/simulator'

const columns = ['id', 'userPrincipalName', 'displayName']
const tenant = {
  id: '11111111-2222-4333-8444-555555555555',
  users: 2_000,
  applications: [
    { id: '2f0c0000-1111-4222-8333-444444444444', secrets: [{ value: 'packed~secret' }] },
  ],
}

// 20 pages of at least 0.3 s each: a token that lives 2 s cannot serve them all.
const simulator = await startSimulator({
  tenants: [tenant],
  tokenLifetimeSeconds: 2,
  latencyMs: 300,
})
try {
  await writeFile('evergrant.key', randomBytes(32).toString('base64'), { mode: 0o600 })
  await writeFile('client-secret', 'packed~secret', { mode: 0o600 })
  await writeFile('evergrant.yaml', configuration())
  const command = `import contoso-graph users --json --to ndjson:./out --page-size 100`
  const selection = ['--select', columns.join(',')]
  const run = JSON.parse(await evergrant(...command.split(' '), ...selection))
  expect('the state of the run', run.state, 'completed')
  expect('its verdict', run.verdict, 'complete')
  if (simulator.stats().tokensIssued < 2) throw new Error('the import never needed a second token')
  const lines = (await readFile('out/users.ndjson', 'utf8')).trimEnd().split('\n')
  // Graph may escape what JavaScript does not: the values count.
  const rows = lines.map((line) => JSON.stringify(JSON.parse(line)))
  const truth = [...simulator.users(undefined, columns)].map((user) => JSON.stringify(user))
  expect('the number of rows', rows.length, truth.length)
  const [sortedRows, sortedTruth] = [rows.toSorted(), truth.toSorted()]
  for (const [i, row] of sortedTruth.entries()) expect(`row ${i}`, sortedRows[i], row)
  const log = await evergrant('imports', 'log', run.id, '--json')
  for (const reason of ['first', 'expiring']) {
    if (!log.includes(`"${reason}"`)) throw new Error(`the log tells no token change "${reason}"`)
  }
  if (log.includes('packed~secret')) throw new Error('the log holds the client secret')
} finally {
  await simulator.close()
}

/** Runs the installed command and resolves with its standard output. */
function evergrant(...args) {
  return new Promise((resolve, reject) => {
    const child = spawn('npx', ['--no-install', 'evergrant', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let out = ''
    let notes = ''
    child.stdout.on('data', (chunk) => (out += chunk))
    child.stderr.on('data', (chunk) => (notes += chunk))
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(out)
      else reject(new Error(`evergrant ${args[0]} exited with ${code}\n${out}\n${notes}`))
    })
  })
}

function configuration() {
  const { authority, graph } = simulator.urls
  return JSON.stringify({
    store: 'sqlite:./evergrant.db',
    encryption: { keys: [{ id: 'k1', file: './evergrant.key' }] },
    providers: { contoso: { type: 'entra', tenant: tenant.id, authority, graph } },
    connections: {
      'contoso-graph': {
        provider: 'contoso',
        client: {
          id: tenant.applications[0].id,
          credentials: [{ secret: { file: './client-secret' } }],
        },
        grant: 'client_credentials',
      },
    },
  })
}

function expect(what, seen, expected) {
  if (seen !== expected) {
    throw new Error(`${what}: expected ${shorten(expected)}, but saw ${shorten(seen)}`)
  }
}

function shorten(value) {
  return String(value).slice(0, 300)
}
