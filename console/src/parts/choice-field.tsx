import { NativeSelect } from '@mantine/core'
import type { ReactElement } from 'react'

/** A filter with few values; the empty one holds all. */
export function ChoiceField({
  label,
  all,
  choices,
  value,
  onChange,
}: {
  readonly label: string
  /** What the empty value is called. */
  readonly all: string
  readonly choices: Readonly<Record<string, string>>
  readonly value: string
  readonly onChange: (value: string) => void
}): ReactElement {
  return (
    <NativeSelect
      label={label}
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
      data={[
        { value: '', label: all },
        ...Object.entries(choices).map(([key, text]) => ({ value: key, label: text })),
      ]}
      className="filter"
    />
  )
}
