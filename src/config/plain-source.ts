import { valueAt } from './describe-seen.ts'
import type { Finding } from './explain-issue.ts'
import { pathForPeople } from './parse-config.ts'
import type { ConfigProblem } from './problem.ts'
import type { YamlSource } from './yaml-source.ts'

/** Data without a text: no place has a line, and scalars are written as JSON would. */
export function plainSource(data: unknown): YamlSource {
  return {
    data,
    place: () => ({ line: 0, column: 0 }),
    written: (path) => {
      const value = valueAt(path, data)
      if (typeof value === 'string') return value
      return typeof value === 'object' ? undefined : JSON.stringify(value)
    },
  }
}

/** Findings as problems of what has no file. */
export function withoutPlace(findings: readonly Finding[]): readonly ConfigProblem[] {
  return findings.map(({ path, expected, seen, remedy }) => ({
    path: pathForPeople(path),
    line: 0,
    column: 0,
    expected,
    seen,
    remedy,
  }))
}
