import { TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { IconSearch } from '@tabler/icons-react'
import { useState, type ReactElement } from 'react'

/** The service is asked when nobody has typed for so long (ms). */
const pauseMs = 300

/** A text to look for. It is taken over when whoever types pauses, so that not every letter asks. */
export function SearchField({
  label,
  placeholder,
  value,
  onChange,
}: {
  readonly label: string
  readonly placeholder?: string
  readonly value: string
  readonly onChange: (value: string) => void
}): ReactElement {
  const [draft, setDraft] = useState(value)
  const [known, setKnown] = useState(value)
  const takeOver = useDebouncedCallback((text: string) => {
    setKnown(text.trim())
    onChange(text.trim())
  }, pauseMs)
  // The address changed by other means, such as going back.
  if (value !== known) {
    setKnown(value)
    setDraft(value)
  }
  return (
    <TextInput
      type="search"
      label={label}
      {...(placeholder === undefined ? {} : { placeholder })}
      leftSection={<IconSearch size={16} aria-hidden />}
      value={draft}
      onChange={({ currentTarget }) => {
        setDraft(currentTarget.value)
        takeOver(currentTarget.value)
      }}
      autoComplete="off"
      spellCheck={false}
      className="filter-wide"
    />
  )
}
