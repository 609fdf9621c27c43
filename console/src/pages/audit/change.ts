/** One field that is not as it was. */
export interface FieldChange {
  readonly field: string
  /** Undefined where there was none. */
  readonly before: string | undefined
  readonly after: string | undefined
}

/**
 * What differs between how something stood before and after, field by field, those of objects
 * within by their path; what stayed is left out.
 */
export function changesBetween(before: unknown, after: unknown, path = ''): readonly FieldChange[] {
  if (isRecord(before) || isRecord(after)) {
    const old = isRecord(before) ? before : {}
    const now = isRecord(after) ? after : {}
    const names = new Set([...Object.keys(old), ...Object.keys(now)])
    return [...names].flatMap((name) =>
      changesBetween(old[name], now[name], path === '' ? name : `${path}.${name}`),
    )
  }
  const change = { field: path, before: wordsOf(before), after: wordsOf(after) }
  return change.before === change.after ? [] : [change]
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function wordsOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  return typeof value === 'string' ? value : JSON.stringify(value)
}
