#!/usr/bin/env node
// Plain JavaScript on purpose: it must run, and explain itself, on any Node.js however old.
var found = process.versions.node
var parts = found.split('.').map(Number)
if (parts[0] < 24 || (parts[0] === 24 && parts[1] < 12)) {
  process.stderr.write(
    'evergrant needs Node.js 24.12 or newer, but this is ' +
      found +
      ': in a checkout run `npm ci` and use `npx evergrant`, elsewhere install Node.js 24.\n',
  )
  process.exit(2)
}
void import('./start.js')
