import { EvergrantError } from '../kernel/index.ts'

/** One thing that is wrong with the configuration. Never holds a secret. */
export interface ConfigProblem {
  /** Dotted path of the field, such as `connections.contoso-graph.client.id`; empty for the file. */
  readonly path: string
  /** Where it stands in the file, both from 1; 0 for the file itself, and where there is no file. */
  readonly line: number
  readonly column: number
  readonly expected: string
  readonly seen: string
  readonly remedy: string
}

/** What can be wrong with a configuration file, or with a connection of the store. */
export type ConfigErrorCode =
  'config_not_found' | 'config_unreadable' | 'config_invalid' | 'connection_invalid'

/**
 * A configuration that cannot be used. `problems` has all of them in file order; `detail` is the
 * same for people, one paragraph each.
 */
export class ConfigError extends EvergrantError {
  readonly file: string
  readonly problems: readonly ConfigProblem[]

  constructor(code: ConfigErrorCode, file: string, problems: readonly ConfigProblem[]) {
    // Of the file itself there is one problem, and the code alone does not say what mends it.
    const ofFile = problems.find(isOfFile)
    super(
      code,
      renderProblems(file, problems),
      ofFile === undefined ? {} : { remedy: ofFile.remedy },
    )
    this.file = file
    this.problems = problems
  }
}

const isOfFile = ({ line, path }: ConfigProblem): boolean => line === 0 && path === ''

/** Writes problems for people: a headline, then place, expectation, finding and remedy of each. */
function renderProblems(file: string, problems: readonly ConfigProblem[]): string {
  const [first] = problems
  if (first !== undefined && isOfFile(first))
    return `expected ${first.expected}, but saw ${first.seen}`
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`
  return [`${count} in ${file}`, ...problems.map((problem) => renderProblem(file, problem))].join(
    '\n',
  )
}

function renderProblem(file: string, problem: ConfigProblem): string {
  const place = problem.line === 0 ? [] : [`${file}:${problem.line}:${problem.column}`]
  const path = problem.path === '' ? [] : [`"${problem.path}"`]
  return [
    `  ${[...place, ...path].join('  ')}`,
    `    expected ${problem.expected}, but saw ${problem.seen}`,
    `    ${problem.remedy}`,
  ].join('\n')
}
