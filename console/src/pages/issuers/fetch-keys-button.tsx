import { IconRefresh } from '@tabler/icons-react'
import type { ReactElement } from 'react'
import { useAction } from '../../app/calls.ts'
import { GatedButton, useObstacle } from '../../parts/gated-button.tsx'
import { useNotices } from '../../parts/notices.tsx'
import { useTexts } from '../../texts/index.ts'

/** Fetches the keys of an issuer now. */
export function FetchKeysButton({ issuer }: { readonly issuer: string }): ReactElement {
  const { issuers: texts } = useTexts()
  const { done, failed } = useNotices()
  const refresh = useAction('issuers.refresh')
  return (
    <GatedButton
      size="xs"
      variant="default"
      obstacle={useObstacle('operator')}
      aria-label={texts.refreshNamed(issuer)}
      leftSection={<IconRefresh size={14} aria-hidden />}
      loading={refresh.isPending}
      onClick={() =>
        refresh.mutate(
          { issuer },
          { onSuccess: () => done(texts.refreshed(issuer)), onError: failed },
        )
      }
    >
      {texts.refresh}
    </GatedButton>
  )
}
