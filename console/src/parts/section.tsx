import { Group, Paper, Text, Title } from '@mantine/core'
import { useId, type ReactElement, type ReactNode } from 'react'

/** A part of a page with a heading of its own. */
export function Section({
  title,
  hint,
  actions,
  children,
}: {
  readonly title: string
  readonly hint?: ReactNode
  readonly actions?: ReactNode
  readonly children: ReactNode
}): ReactElement {
  const id = useId()
  return (
    <Paper withBorder component="section" aria-labelledby={id} p={{ base: 'md', sm: 'lg' }}>
      <Group justify="space-between" align="flex-start" mb="md" gap="sm" className="section-head">
        <div>
          <Title order={2} id={id}>
            {title}
          </Title>
          {hint !== undefined && (
            <Text size="sm" c="dimmed" component="div" mt={2}>
              {hint}
            </Text>
          )}
        </div>
        {actions !== undefined && (
          <Group gap="xs" justify="flex-end" className="keeps-width">
            {actions}
          </Group>
        )}
      </Group>
      {children}
    </Paper>
  )
}
