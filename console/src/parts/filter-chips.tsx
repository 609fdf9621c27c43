import { UnstyledButton } from '@mantine/core'
import type { ReactElement } from 'react'

/** One choice of a filter, and how many it leaves. */
export interface FilterChoice {
  readonly value: string
  readonly label: string
  readonly count?: number
}

/** A filter of which one choice holds; the empty one holds all. */
export function FilterChips({
  label,
  choices,
  value,
  onChange,
}: {
  readonly label: string
  readonly choices: readonly FilterChoice[]
  readonly value: string
  readonly onChange: (value: string) => void
}): ReactElement {
  return (
    <div role="group" aria-label={label} className="filter-chips">
      {choices.map((one) => (
        <UnstyledButton
          key={one.value}
          className="filter-chip"
          aria-pressed={one.value === value}
          onClick={() => onChange(one.value)}
        >
          {one.label}
          {one.count !== undefined && <span className="filter-count">{one.count}</span>}
        </UnstyledButton>
      ))}
    </div>
  )
}
