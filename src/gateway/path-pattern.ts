/** Tells whether a path matches; the path begins with `/` and has no query. */
export type PathMatcher = (path: string) => boolean

/**
 * Compiles a pattern of paths. A segment `**` stands for any number of segments, none included; `*`
 * within a segment stands for any characters of it, and alone for a segment that is not empty.
 * Everything else is compared as sent: upper and lower case and percent-encoding count. Matching
 * takes time proportional to the path times the pattern, whatever either holds.
 */
export function compilePathPattern(pattern: string): PathMatcher {
  const whole = pattern.startsWith('/') ? pattern : `/${pattern}`
  const segments = whole.slice(1).split('/')
  if (segments.every((segment) => segment === '**')) return () => true
  if (!whole.includes('*')) return (path) => path === whole
  const isPrefix = segments.at(-1) === '**' && !segments.slice(0, -1).join('/').includes('*')
  if (isPrefix) {
    const prefix = whole.slice(0, -2)
    const itself = prefix.slice(0, -1)
    return (path) => path.startsWith(prefix) || path === itself
  }
  return (path) => matchesSegments(segments, path.slice(1).split('/'))
}

/** Compiles several patterns of which one must match; none at all: every path matches. */
export function compilePathPatterns(patterns: readonly string[]): PathMatcher {
  if (patterns.length === 0) return () => true
  const matchers = patterns.map(compilePathPattern)
  return (path) => matchers.some((matches) => matches(path))
}

/** Only the latest `**` is ever widened: what came before it has matched at its first chance. */
function matchesSegments(pattern: readonly string[], path: readonly string[]): boolean {
  let p = 0
  let s = 0
  let wide = -1
  let resumeAt = 0
  while (s < path.length) {
    const wanted = pattern[p]
    if (wanted === '**') {
      wide = p++
      resumeAt = s
    } else if (wanted !== undefined && matchesSegment(wanted, path[s] ?? '')) {
      p++
      s++
    } else if (wide >= 0) {
      p = wide + 1
      s = ++resumeAt
    } else return false
  }
  while (pattern[p] === '**') p++
  return p === pattern.length
}

function matchesSegment(pattern: string, text: string): boolean {
  if (!pattern.includes('*')) return pattern === text
  if (pattern === '*') return text !== ''
  const parts = pattern.split('*')
  const first = parts[0] ?? ''
  const last = parts.at(-1) ?? ''
  if (text.length < first.length + last.length) return false
  if (!text.startsWith(first) || !text.endsWith(last)) return false
  const end = text.length - last.length
  let at = first.length
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at)
    if (found < 0 || found + part.length > end) return false
    at = found + part.length
  }
  return true
}
