import { Stack, Text } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import type { ReactElement } from 'react'
import { useMay } from '../../app/session.ts'
import { ButtonLink } from '../../parts/link.tsx'
import { Section } from '../../parts/section.tsx'
import { useTexts } from '../../texts/index.ts'

/** What to do while there is nothing yet. */
export function FirstSteps(): ReactElement {
  const { overview, common } = useTexts()
  const mayAdd = useMay('admin')
  return (
    <Section title={overview.firstSteps} hint={overview.firstStepsHint}>
      <Stack gap="lg" align="flex-start">
        <ol className="first-steps">
          {overview.steps.map(({ title, hint }) => (
            <li key={title}>
              <Text fw={600} size="sm">
                {title}
              </Text>
              <Text size="sm" c="dimmed">
                {hint}
              </Text>
            </li>
          ))}
        </ol>
        {mayAdd ? (
          <ButtonLink to="/connections-add" leftSection={<IconPlus size={16} aria-hidden />}>
            {overview.addConnection}
          </ButtonLink>
        ) : (
          <Text size="sm" c="dimmed">
            {overview.addConnection}: {common.notAllowed('admin')}
          </Text>
        )}
      </Stack>
    </Section>
  )
}
