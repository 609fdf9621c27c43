import { Radio, SimpleGrid, Text } from '@mantine/core'
import type { ReactElement } from 'react'
import { useTexts } from '../../texts/index.ts'

/** What a new connection is for: one of the presets, or something else. */
export function PresetChoice({
  presets,
  value,
  onChange,
}: {
  readonly presets: readonly { readonly name: string; readonly description: string }[]
  readonly value: string
  readonly onChange: (preset: string) => void
}): ReactElement {
  const { connectionForm: texts } = useTexts()
  const choices = [...presets, { name: 'plain', description: texts.plainHint }]
  return (
    <Radio.Group label={texts.from} value={value} onChange={onChange}>
      <SimpleGrid cols={{ base: 1, sm: 3 }} mt="xs">
        {choices.map(({ name, description }) => (
          <Radio.Card
            key={name}
            value={name}
            p="md"
            className="choice"
            aria-label={texts.presets[name] ?? name}
          >
            <div className="choice-title">
              <Radio.Indicator />
              <Text fw={600} size="sm">
                {texts.presets[name] ?? name}
              </Text>
            </div>
            <Text size="sm" c="dimmed" mt={6}>
              {description}
            </Text>
          </Radio.Card>
        ))}
      </SimpleGrid>
    </Radio.Group>
  )
}
