import { redact } from '../kernel/index.ts'
import type { Condition } from './ports.ts'
import { stepOf } from './rules.ts'

/** Days before Graph forgets a link at which an alarm is raised. */
const linkDays = [2, 1] as const

/** The link behind which the next changes of a collection begin, or that its last run left none. */
export type LinkFacts =
  | { readonly collection: string; readonly takenAt: number; readonly endsAt: number }
  | {
      readonly collection: string
      /** The run that left none, and when it ended. */
      readonly runId: string
      readonly at: number
      readonly note?: string
    }

/**
 * What is wrong with the links of an import that reads changes: the oldest nears its end, or there
 * is none. Nothing has stopped then, but the next run reads everything.
 */
export function linkConditions(
  name: string,
  links: readonly LinkFacts[],
  now: number,
): readonly Condition[] {
  const kept = links.flatMap((link) => ('endsAt' in link ? [link] : []))
  const oldest = kept.toSorted((a, b) => a.endsAt - b.endsAt)[0]
  const missing = links.flatMap((link) => ('endsAt' in link ? [] : [link]))[0]
  return [
    ...(oldest === undefined ? [] : nearsItsEnd(name, oldest, now)),
    ...(missing === undefined ? [] : [wasNotKept(name, missing)]),
  ]
}

function nearsItsEnd(
  name: string,
  { collection, takenAt, endsAt }: Extract<LinkFacts, { readonly endsAt: number }>,
  now: number,
): readonly Condition[] {
  const step = stepOf(endsAt - now, linkDays)
  if (step === undefined) return []
  return [
    {
      key: `import_link:${name}`,
      kind: 'import_link',
      subject: name,
      severity: 'warning',
      title:
        step === 0
          ? `Import "${name}" can no longer read changes alone`
          : `Import "${name}" can read changes alone for ${step === 1 ? 'a day' : `${step} days`} more`,
      detail: `The link to the changes of ${collection} is of ${minuteOf(takenAt)}; Graph ${step === 0 ? 'forgot' : 'forgets'} it at ${minuteOf(endsAt)}, and the next run ${step === 0 ? 'reads' : 'then reads'} everything.`,
      remedy: `Run \`evergrant imports run ${name}\`, and see with \`evergrant imports schedule\` why no run has completed since.`,
      since: takenAt,
      step,
    },
  ]
}

function wasNotKept(
  name: string,
  { collection, runId, at, note }: Exclude<LinkFacts, { readonly endsAt: number }>,
): Condition {
  return {
    key: `import_link:${name}:none`,
    kind: 'import_link',
    subject: name,
    severity: 'warning',
    title: `Import "${name}" has no link to later changes`,
    detail: `Run ${runId} left none for ${collection}, so the next one reads everything: ${redact(note ?? 'its log says more.', [])}`,
    remedy: `See \`evergrant imports log ${runId}\`; the next run tries again.`,
    since: at,
    step: 0,
  }
}

const minuteOf = (at: number): string => `${new Date(at).toISOString().slice(0, 16)}Z`
