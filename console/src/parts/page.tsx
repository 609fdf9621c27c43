import { Group, Stack, Text, Title } from '@mantine/core'
import { useEffect, useRef, type ReactElement, type ReactNode } from 'react'
import { useTexts } from '../texts/index.ts'

/** A page: its heading, which takes the focus when one comes here, its actions and what it shows. */
export function Page({
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
  const { shell } = useTexts()
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${title} – ${shell.product}`
    heading.current?.focus({ preventScroll: true })
  }, [title, shell.product])
  return (
    <Stack gap="lg">
      <Group justify="space-between" align="flex-start" gap="md">
        <div>
          <Title order={1} ref={heading} tabIndex={-1} className="page-heading">
            {title}
          </Title>
          {hint !== undefined && (
            <Text size="sm" c="dimmed" mt={4} component="div">
              {hint}
            </Text>
          )}
        </div>
        {actions !== undefined && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  )
}
