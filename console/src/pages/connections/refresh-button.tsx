import { Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconRefresh } from '@tabler/icons-react'
import type { ReactElement } from 'react'
import { useAction } from '../../app/calls.ts'
import { useMay } from '../../app/session.ts'
import { TroubleText, troubleOf } from '../../parts/problem.tsx'
import { useTexts } from '../../texts/index.ts'

/** Obtains a new token for a connection now, and says what came of it. */
export function RefreshButton({ address }: { readonly address: string }): ReactElement {
  const { connections: texts, common } = useTexts()
  const refresh = useAction('connections.refresh', { touches: ['grants'] })
  const mayRefresh = useMay('operator')
  return (
    <Button
      size="xs"
      variant="default"
      aria-label={texts.refreshNamed(address)}
      leftSection={<IconRefresh size={14} aria-hidden />}
      loading={refresh.isPending}
      disabled={!mayRefresh}
      {...(mayRefresh ? {} : { title: common.notAllowed('operator') })}
      onClick={() =>
        refresh.mutate(
          { address },
          {
            onSuccess: () => notifications.show({ message: texts.refreshed(address) }),
            onError: (error) => {
              const trouble = troubleOf(error)
              notifications.show({
                color: 'red',
                title: trouble?.title ?? common.unreachable,
                message: trouble === undefined ? error.message : <TroubleText trouble={trouble} />,
                autoClose: false,
              })
            },
          },
        )
      }
    >
      {texts.refresh}
    </Button>
  )
}
