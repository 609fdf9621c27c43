import { Text } from '@mantine/core'
import type { ReactElement } from 'react'
import { CopyButton } from '../../parts/copy-button.tsx'
import { Section } from '../../parts/section.tsx'
import { useTexts } from '../../texts/index.ts'

/** What an import brought of an account, as it stands in the directory. */
export function PropertiesSection({
  properties,
}: {
  readonly properties: Readonly<Record<string, unknown>>
}): ReactElement {
  const { account: texts } = useTexts()
  const known = Object.entries(properties)
  return (
    <Section
      title={texts.properties}
      hint={texts.propertiesHint}
      actions={known.length > 0 && <CopyButton text={JSON.stringify(properties, undefined, 2)} />}
    >
      {known.length === 0 ? (
        <Text size="sm" c="dimmed">
          {texts.noProperties}
        </Text>
      ) : (
        <dl className="properties">
          {known.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{typeof value === 'string' ? value : JSON.stringify(value)}</dd>
            </div>
          ))}
        </dl>
      )}
    </Section>
  )
}
