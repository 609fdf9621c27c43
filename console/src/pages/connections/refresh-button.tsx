import { IconRefresh } from '@tabler/icons-react'
import type { ReactElement } from 'react'
import { useAction } from '../../app/calls.ts'
import { GatedButton, useObstacle } from '../../parts/gated-button.tsx'
import { useNotices } from '../../parts/notices.tsx'
import { useTexts } from '../../texts/index.ts'

/** Obtains a new token for a connection now, and says what came of it. */
export function RefreshButton({
  address,
  size = 'xs',
}: {
  readonly address: string
  readonly size?: 'xs' | 'sm'
}): ReactElement {
  const { connections: texts } = useTexts()
  const { done, failed } = useNotices()
  const refresh = useAction('connections.refresh', { touches: ['grants'] })
  return (
    <GatedButton
      size={size}
      variant="default"
      obstacle={useObstacle('operator')}
      aria-label={texts.refreshNamed(address)}
      leftSection={<IconRefresh size={14} aria-hidden />}
      loading={refresh.isPending}
      onClick={() =>
        refresh.mutate(
          { address },
          { onSuccess: () => done(texts.refreshed(address)), onError: failed },
        )
      }
    >
      {texts.refresh}
    </GatedButton>
  )
}
