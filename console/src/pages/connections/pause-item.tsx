import { IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react'
import type { ReactElement } from 'react'
import { useObstacle } from '../../parts/gated-button.tsx'
import { MenuAction } from '../../parts/menu-action.tsx'
import { useTexts } from '../../texts/index.ts'
import type { Connection } from './connection.ts'

/** Pauses a connection, or lets a paused one go on. It is gone with its menu: others do the work. */
export function PauseItem({
  connection: { paused },
  onPause,
  onResume,
}: {
  readonly connection: Connection
  readonly onPause: () => void
  readonly onResume: () => void
}): ReactElement {
  const { connection: texts } = useTexts()
  const isPaused = paused !== null
  return (
    <MenuAction
      icon={isPaused ? IconPlayerPlay : IconPlayerPause}
      label={isPaused ? texts.resume : texts.pause}
      obstacle={useObstacle('operator')}
      onClick={isPaused ? onResume : onPause}
    />
  )
}
