import { Text } from '@mantine/core'
import type { ReactElement } from 'react'
import { useTexts } from '../../texts/index.ts'

/** What somebody may call. */
export function Permits({
  connections,
  upstream = null,
  allowsTokens = false,
}: {
  readonly connections: readonly string[] | '*'
  readonly upstream?: string | null
  readonly allowsTokens?: boolean
}): ReactElement {
  const { callers: texts } = useTexts()
  const more = [
    ...(upstream === null ? [] : [texts.only(upstream)]),
    ...(allowsTokens ? [texts.tokensAllowed] : []),
  ]
  return (
    <div>
      <Text span size="sm" className="break-anywhere">
        {connections === '*' ? texts.every : connections.join(', ') || texts.nothing}
      </Text>
      {more.length > 0 && (
        <Text size="xs" c="dimmed">
          {more.join(', ')}
        </Text>
      )}
    </div>
  )
}
