import { IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react'
import type { ReactElement } from 'react'
import { useAction } from '../../app/calls.ts'
import { useObstacle } from '../../parts/gated-button.tsx'
import { MenuAction } from '../../parts/menu-action.tsx'
import { useNotices } from '../../parts/notices.tsx'
import { useTexts } from '../../texts/index.ts'
import type { Connection } from './connection.ts'

/** Pauses a connection, or lets a paused one go on. */
export function PauseItem({
  connection: { name, paused },
  onPause,
}: {
  readonly connection: Connection
  readonly onPause: () => void
}): ReactElement {
  const { connection: texts } = useTexts()
  const { done, failed } = useNotices()
  const obstacle = useObstacle('operator')
  const resume = useAction('connections.resume', { touches: ['grants'] })
  const [base = name] = name.split('@')
  if (paused === null) {
    return (
      <MenuAction
        icon={IconPlayerPause}
        label={texts.pause}
        obstacle={obstacle}
        onClick={onPause}
      />
    )
  }
  return (
    <MenuAction
      icon={IconPlayerPlay}
      label={texts.resume}
      obstacle={obstacle}
      onClick={() =>
        resume.mutate(
          { name: base },
          { onSuccess: () => done(texts.resumed(base)), onError: failed },
        )
      }
    />
  )
}
