// Runs inside an installation of the package: imports each door named as an argument.
for (const door of process.argv.slice(2)) {
  const names = Object.keys(await import(door))
  if (names.length === 0) throw new Error(`${door} exports nothing`)
}
