import { Paper, Stack, Text, ThemeIcon } from '@mantine/core'
import type { Icon } from '@tabler/icons-react'
import type { ReactElement, ReactNode } from 'react'

/** What stands where there is nothing yet, and what to do about that. */
export function Empty({
  icon: Sign,
  title,
  hint,
  children,
}: {
  readonly icon: Icon
  readonly title: string
  readonly hint: string
  readonly children?: ReactNode
}): ReactElement {
  return (
    <Paper withBorder p="xl" className="empty">
      <Stack align="center" gap="xs">
        <ThemeIcon variant="light" size="xl" radius="xl">
          <Sign size={22} aria-hidden />
        </ThemeIcon>
        <Text fw={600}>{title}</Text>
        <Text size="sm" c="dimmed" ta="center" maw={460}>
          {hint}
        </Text>
        {children}
      </Stack>
    </Paper>
  )
}
