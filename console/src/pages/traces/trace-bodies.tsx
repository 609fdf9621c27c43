import { Stack, Text } from '@mantine/core'
import type { ReactElement } from 'react'
import { Section } from '../../parts/section.tsx'
import { useTexts } from '../../texts/index.ts'
import type { Trace } from './trace.ts'

/** Beginnings of bodies, as text and nothing but text. */
export function TraceBodies({ bodies }: { readonly bodies: Trace['bodies'] }): ReactElement {
  const { trace: texts } = useTexts()
  const kept = Object.entries(bodies ?? {}).filter(([, body]) => body !== undefined)
  return (
    <Section title={texts.bodies} hint={kept.length === 0 ? texts.noBodies : texts.bodiesHint}>
      <Stack gap="md">
        {kept.map(([name, body]) => (
          <div key={name}>
            <Text size="sm" fw={600} mb={4}>
              {texts.bodyOf[name] ?? name}
            </Text>
            <pre className="body-text" tabIndex={0} aria-label={texts.bodyOf[name] ?? name}>
              {body}
            </pre>
          </div>
        ))}
      </Stack>
    </Section>
  )
}
