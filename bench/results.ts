const partMark = /<!-- part (\w+) -->\n([\s\S]*?)\n<!-- \/part -->/g

/** The parts of a written RESULTS.md by their names. */
export function readParts(text: string): ReadonlyMap<string, string> {
  return new Map([...text.matchAll(partMark)].map(([, name = '', part = '']) => [name, part]))
}

/**
 * Writes RESULTS.md: each part that has been measured, in the order of their names given, whether
 * now or before.
 */
export function formatResults(
  names: readonly string[],
  parts: ReadonlyMap<string, string>,
): string {
  const sections = names.flatMap((name) => {
    const part = parts.get(name)
    return part === undefined ? [] : [`<!-- part ${name} -->\n${part}\n<!-- /part -->`]
  })
  const missing = names.filter((name) => !parts.has(name))
  const unknown = missing.length === 0 ? '' : `\nNot measured yet: ${missing.join(', ')}.\n`
  return `# Results of the benchmark

Written by \`npm run bench\`. All numbers of a part were measured in one run of it, at the commit and on
the machine that stand below its title; parts may have been measured at different times.

The sides of a part run in turn and every time in a fresh process: five rounds, two where one takes
minutes (the imports at 470 ms, memory, a million grants). A ratio is ours to a peer's of the same round; its median and its spread are those of the rounds. Bars are those the project has
set itself.
${unknown}
${sections.join('\n\n')}

## Repeat it

\`\`\`sh
npm ci
npm run bench                     # everything; writes this file
npm run bench -- import           # one part alone: ${names.join(', ')}
npm run bench -- --quick          # a few seconds of each, to see that it works; writes nothing
\`\`\`

Nothing else should run on the machine meanwhile. [README.md](README.md) says how the sides are kept
fair.
`
}
